/** A remote write 1.0 sender for tests: encodes a request by hand and tells the status. */

/** One series of a request. */
export interface WriteSeries {
  /** Name and value alternating, sorted by name. */
  readonly labels: readonly string[];
  readonly samples: readonly { readonly timestampMs: number; readonly value: number }[];
}

/** Posts a compressed request, as senders do. */
export function postWrite(url: string, body: BodyInit): Promise<Response> {
  const headers = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
  };
  return fetch(`${url}/api/v1/write`, { method: "POST", headers, body });
}

/** Sends a request; the HTTP status, 0 where no answer came. */
export async function sendRemoteWrite(
  url: string,
  series: readonly WriteSeries[],
): Promise<number> {
  try {
    const answer = await postWrite(url, snappyLiterals(encodeRequest(series)));
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    // The server was killed meanwhile.
    return 0;
  }
}

function encodeRequest(series: readonly WriteSeries[]): Buffer {
  return Buffer.concat(
    series.map(({ labels, samples }) => {
      const parts: Buffer[] = [];
      for (let i = 0; i < labels.length; i += 2) {
        const pair = [field(1, Buffer.from(labels[i]!)), field(2, Buffer.from(labels[i + 1]!))];
        parts.push(field(1, Buffer.concat(pair)));
      }
      for (const { timestampMs, value } of samples) {
        const bits = Buffer.alloc(9);
        bits[0] = (1 << 3) | 1;
        bits.writeDoubleLE(value, 1);
        parts.push(field(2, Buffer.concat([bits, Buffer.from([2 << 3]), uvarint(timestampMs)])));
      }
      return field(1, Buffer.concat(parts));
    }),
  );
}

/** A field of bytes. */
function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), uvarint(bytes.length), bytes]);
}

function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  while (left >= 128) {
    bytes.push((left % 128) | 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
  return Buffer.from(bytes);
}

/** A snappy block that compresses nothing. */
function snappyLiterals(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const parts = [uvarint(bytes.length)];
  for (let at = 0; at < bytes.length; at += 60_000) {
    const piece = bytes.subarray(at, at + 60_000);
    // Tag 61: the length less one follows in two bytes, low end first.
    parts.push(Buffer.from([61 << 2, (piece.length - 1) & 255, (piece.length - 1) >> 8]), piece);
  }
  return new Uint8Array(Buffer.concat(parts));
}
