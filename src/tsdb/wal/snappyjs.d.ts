/** What we use of the library, in tests only: it ships no types. */
declare module "snappyjs" {
  export function compress(plain: Uint8Array): Uint8Array;
  export function uncompress(block: Uint8Array, lengthMax?: number): Uint8Array;
}
