/** Writes prompb.WriteRequest bytes for tests, field by field. */

/** A message field: tag and payload. */
export function field(number: number, ...payload: readonly number[]): number[] {
  return [(number << 3) | 2, ...varint(payload.length), ...payload];
}

export function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest >= 128n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

export function zigzag(value: number): number[] {
  return varint(value >= 0 ? value * 2 : -value * 2 - 1);
}

export function double(value: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...bytes];
}

export function label(name: string, value: string): number[] {
  return field(1, ...field(1, ...Buffer.from(name)), ...field(2, ...Buffer.from(value)));
}

/** As Go writes it: a zero value is left out. */
export function sample(timestampMs: number, value: number): number[] {
  const valueField = Object.is(value, 0) ? [] : [0x09, ...double(value)];
  return field(2, ...valueField, 0x10, ...varint(timestampMs));
}

export function labels(object: Readonly<Record<string, string>>): number[] {
  return Object.entries(object).flatMap(([name, value]) => label(name, value));
}

/** A series of a request. */
export function series(...parts: readonly (readonly number[])[]): number[] {
  return field(1, ...parts.flat());
}

/** The snappy block of plain bytes: one literal. */
export function snappyBlock(plain: readonly number[]): Uint8Array<ArrayBuffer> {
  const length = plain.length;
  if (length === 0) return Uint8Array.of(0);
  const last = length - 1;
  const tag = [63 << 2, last & 255, (last >> 8) & 255, (last >> 16) & 255, last >>> 24];
  return Uint8Array.from([...varint(length), ...tag, ...plain]);
}
