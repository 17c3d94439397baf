/** Reads bodies of requests whose size is bounded before they are read. */

/** The body, or undefined where it has more than `bytesMax`; no more than that is ever read. */
export async function readBoundedBody(
  request: Request,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    // Node gives no more bytes than the header says.
    return Number(declared) > bytesMax ? undefined : new Uint8Array(await request.arrayBuffer());
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return Buffer.concat(chunks);
    length += next.value.length;
    if (length > bytesMax) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(next.value);
  }
}
