/**
 * JSON values that stand one after another in a text, cut apart as Go's encoding/json does it, with its
 * words for what is no JSON. Go looks at bytes: of a character beyond ASCII it names the first one.
 */

import { ParseError } from "../../base/errors.ts";
import { quoteString } from "../../model/labels.ts";

/** Go goes ten times deeper; our reader calls itself. */
const depthMax = 1000;

/**
 * The text of each value, one at a time: what comes after a value is not looked at before the value
 * was taken. Throws ParseError in Go's words.
 */
export function* splitJsonStream(text: string): Generator<string> {
  const scanner = new JsonScanner(Buffer.from(text, "utf8").toString("latin1"));
  while (scanner.hasMore()) {
    yield Buffer.from(scanner.takeValue(), "latin1").toString("utf8");
  }
}

/** Walks over bytes, each a character of `text`. */
class JsonScanner {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether anything but white space is left. */
  hasMore(): boolean {
    this.#skipSpace();
    return this.#at < this.#text.length;
  }

  takeValue(): string {
    const start = this.#at;
    this.#value();
    return this.#text.slice(start, this.#at);
  }

  #value(): void {
    this.#skipSpace();
    const char = this.#text[this.#at] ?? "";
    if (char === "{") this.#nested(() => this.#object());
    else if (char === "[") this.#nested(() => this.#array());
    else if (char === '"') this.#string();
    else if (/[-0-9]/.test(char)) this.#number();
    else {
      const word = ["true", "false", "null"].find((one) => one.startsWith(char) && char !== "");
      if (word === undefined) this.#refuse("looking for beginning of value");
      else this.#word(word);
    }
  }

  #nested(read: () => void): void {
    this.#at++;
    if (++this.#depth > depthMax) throw this.#error("exceeded max depth");
    read();
    this.#depth--;
  }

  #object(): void {
    if (this.#skip("}")) return;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#refuse("looking for beginning of object key string");
      this.#string();
      if (!this.#skip(":")) this.#refuse("after object key");
      this.#value();
    } while (this.#skip(","));
    if (!this.#skip("}")) this.#refuse("after object key:value pair");
  }

  #array(): void {
    if (this.#skip("]")) return;
    do this.#value();
    while (this.#skip(","));
    if (!this.#skip("]")) this.#refuse("after array element");
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const char = this.#text[this.#at] ?? "";
      if (char < " ") this.#refuse("in string literal");
      this.#at++;
      if (char === '"') return;
      if (char === "\\") this.#escape();
    }
  }

  #escape(): void {
    if (!/["\\/bfnrtu]/.test(this.#text[this.#at] ?? "")) this.#refuse("in string escape code");
    const hasDigits = this.#text[this.#at++] === "u";
    for (let i = 0; hasDigits && i < 4; i++) {
      this.#want(/[0-9a-fA-F]/, "in \\u hexadecimal character escape");
    }
  }

  #number(): void {
    if (this.#text[this.#at] === "-") this.#at++;
    const first = this.#text[this.#at];
    this.#want(/\d/, "in numeric literal");
    if (first !== "0") this.#digits();
    if (this.#text[this.#at] === ".") {
      this.#at++;
      this.#want(/\d/, "after decimal point in numeric literal");
      this.#digits();
    }
    if (!/[eE]/.test(this.#text[this.#at] ?? "")) return;
    this.#at++;
    if (/[-+]/.test(this.#text[this.#at] ?? "")) this.#at++;
    this.#want(/\d/, "in exponent of numeric literal");
    this.#digits();
  }

  #digits(): void {
    while (/\d/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #word(word: string): void {
    for (const char of word) {
      const where = `in literal ${word} (expecting '${char}')`;
      if (this.#text[this.#at] !== char) this.#refuse(where);
      this.#at++;
    }
  }

  #want(pattern: RegExp, where: string): void {
    if (!pattern.test(this.#text[this.#at] ?? "")) this.#refuse(where);
    this.#at++;
  }

  #skip(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (" \t\r\n".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  #refuse(where: string): never {
    const char = this.#text[this.#at];
    if (char === undefined) throw this.#error("unexpected EOF");
    const shown = char === "'" ? "\\'" : quoteString(char).slice(1, -1).replace('\\"', '"');
    throw this.#error(`invalid character '${shown}' ${where}`);
  }

  #error(message: string): ParseError {
    return new ParseError(message, { input: this.#text, start: this.#at, end: this.#at });
  }
}
