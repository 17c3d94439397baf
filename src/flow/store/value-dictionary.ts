/**
 * Numbers for values that repeat: strings, numbers, and plain objects compared by content. Ids count
 * from 1 (0 = absent) in the order of first sight. An object costs a short hash and one comparison,
 * no text is made of it.
 */

/** Values by id, ids by value. */
export class ValueDictionary {
  readonly #values: unknown[] = [];
  readonly #primitives = new Map<unknown, number>();
  /** Hash → the id, or several. */
  readonly #objects = new Map<number, number | number[]>();
  /** The very objects that are kept: a decoder that shares equal ones (endpoints, flags) pays no hash. */
  readonly #byIdentity = new Map<object, number>();
  #lastPrimitive: unknown;
  #lastPrimitiveId = 0;
  #lastObject: unknown;
  #lastId = 0;
  #textChars = 0;

  /** How many values there are; the highest id. */
  get size(): number {
    return this.#values.length;
  }

  /** A measure of the memory held, characters of strings alone. */
  get textChars(): number {
    return this.#textChars;
  }

  /** The value of an id that intern() gave. */
  get(id: number): unknown {
    return this.#values[id - 1];
  }

  /** The id of a value; the value is kept, not copied. */
  intern(value: unknown): number {
    if (typeof value === "object" && value !== null) return this.#internObject(value);
    if (value === this.#lastPrimitive) return this.#lastPrimitiveId;
    let id = this.#primitives.get(value);
    if (id === undefined) {
      id = this.#add(value);
      this.#primitives.set(value, id);
    }
    this.#lastPrimitive = value;
    this.#lastPrimitiveId = id;
    return id;
  }

  /** Adds a value that is known to be new: what was numbered before and is read again. */
  append(value: unknown): void {
    if (typeof value !== "object" || value === null) {
      this.#primitives.set(value, this.#add(value));
      return;
    }
    const hash = hashValue(value, 0);
    this.#note(hash, this.#add(value));
  }

  #note(hash: number, id: number): void {
    const known = this.#objects.get(hash);
    if (known === undefined) this.#objects.set(hash, id);
    else if (typeof known === "number") this.#objects.set(hash, [known, id]);
    else known.push(id);
  }

  #internObject(value: object): number {
    if (value === this.#lastObject) return this.#lastId;
    const same = this.#byIdentity.get(value);
    if (same !== undefined) {
      this.#lastObject = value;
      this.#lastId = same;
      return same;
    }
    const hash = hashValue(value, 0);
    const known = this.#objects.get(hash);
    const found = this.#find(known, value);
    const id = found === 0 ? this.#add(value) : found;
    if (found === 0) {
      this.#note(hash, id);
      this.#byIdentity.set(value, id);
    }
    this.#lastObject = value;
    this.#lastId = id;
    return id;
  }

  #find(known: number | number[] | undefined, value: object): number {
    if (known === undefined) return 0;
    if (typeof known === "number") return isSameValue(this.#values[known - 1], value) ? known : 0;
    for (let i = 0; i < known.length; i++) {
      if (isSameValue(this.#values[known[i]! - 1], value)) return known[i]!;
    }
    return 0;
  }

  #add(value: unknown): number {
    this.#values.push(value);
    this.#textChars += sizeOf(value);
    return this.#values.length;
  }
}

/** Whether two JSON values say the same; members that are undefined count as absent. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && isSameList(a, b);
  }
  return isSameObject(a as Record<string, unknown>, b as Record<string, unknown>);
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSameValue(a[i], b[i])) return false;
  return true;
}

function isSameObject(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let count = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    if (!isSameValue(a[key], b[key])) return false;
    count++;
  }
  for (const key in b) if (b[key] !== undefined) count--;
  return count === 0;
}

/** Looks at a few characters of strings and the first members: equal values hash alike, most others differ. */
function hashValue(value: unknown, depth: number): number {
  switch (typeof value) {
    case "string":
      return hashText(value);
    case "number":
      return value | 0;
    case "boolean":
      return value ? 1 : 2;
    case "object":
      return value === null || depth > 3 ? 3 : hashObject(value, depth + 1);
    default:
      return 0;
  }
}

function hashObject(value: object, depth: number): number {
  let hash = 17;
  if (Array.isArray(value)) {
    hash = value.length;
    // The ends of a long list (labels) tell most of them apart.
    for (let i = 0; i < value.length; i += i === 0 && value.length > 2 ? value.length - 1 : 1) {
      hash = mix(hash, hashValue(value[i], depth));
    }
    return hash;
  }
  const object = value as Record<string, unknown>;
  // A sum, since the order of members means nothing.
  for (const key in object) {
    const member = object[key];
    if (member !== undefined) hash = (hash + mix(key.length, hashValue(member, depth))) | 0;
  }
  return hash;
}

function hashText(text: string): number {
  const { length } = text;
  if (length === 0) return 5;
  let hash = mix(length, text.charCodeAt(length - 1));
  const from = length > 8 ? length - 6 : 0;
  for (let i = from; i < length - 1; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i);
  return mix(hash, text.charCodeAt(length >> 1));
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ Math.imul(value, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 8;
  if (typeof value !== "object" || value === null) return 8;
  let size = 16;
  for (const member of Object.values(value)) size += sizeOf(member);
  return size;
}
