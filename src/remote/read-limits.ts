/** The bounds of remote read, with Prometheus' defaults; flags of the same names set them. */

/** Bounds of a server. */
export interface ReadLimits {
  /** --storage.remote.read-sample-limit: samples of one query in an answer of samples; 0: none. */
  readonly samplesMax: number;
  /** --storage.remote.read-concurrent-limit: requests at a time, others wait; 0: none. */
  readonly concurrencyMax: number;
  /** --storage.remote.read-max-bytes-in-frame: about so many bytes of chunks in one frame. */
  readonly frameBytesMax: number;
}

/** What is in force where no flag says otherwise. */
export const readLimitsDefault: ReadLimits = {
  samplesMax: 50_000_000,
  concurrencyMax: 10,
  frameBytesMax: 1_048_576,
};
