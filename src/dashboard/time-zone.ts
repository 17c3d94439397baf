/**
 * Time zones without a table: UTC, the process's own zone through Date, any IANA zone through Intl.
 * A "local time" here is ms since the epoch whose UTC fields read as the zone's wall clock.
 */

/** A zone in which times are shown and rounded. Make one per zone and keep it: IANA zones hold a formatter. */
export interface TimeZone {
  /** "utc", "browser" or an IANA name. */
  readonly name: string;
  /** Local time minus UTC at the instant, ms. */
  offsetMs(instantMs: number): number;
  /** "UTC", "CET", "EDT", or "GMT+3" where the zone has no letters. */
  abbreviation(instantMs: number): string;
}

/** Zones change their offset at multiples of this only. */
const changeStepMs = 900_000;

export const utcZone: TimeZone = {
  name: "utc",
  offsetMs: () => 0,
  abbreviation: () => "UTC",
};

/** The zone of the browser (or the process). */
export const browserZone: TimeZone = {
  name: "browser",
  offsetMs: (instantMs) => -new Date(instantMs).getTimezoneOffset() * 60_000,
  abbreviation: (instantMs) => shortName(undefined, instantMs),
};

/** The zone that a dashboard names: "", "browser", "utc", "Europe/Berlin"; a name nobody knows is the browser's. */
export function openTimeZone(name: string): TimeZone {
  if (name === "" || name === "browser") return browserZone;
  if (name.toLowerCase() === "utc") return utcZone;
  try {
    return new IanaZone(name);
  } catch {
    // Intl throws a RangeError for a name it does not know; a dashboard must still open.
    return browserZone;
  }
}

/** Wall clock of the zone at an instant. */
export function toLocal(instantMs: number, zone: TimeZone): number {
  return instantMs + zone.offsetMs(instantMs);
}

/**
 * The instant at which the zone's clock shows `localMs`, near an instant whose offset was
 * `offsetMs`. In a gap or an overlap of daylight saving time the side of the old offset decides.
 */
export function toInstant(localMs: number, zone: TimeZone, offsetMs: number): number {
  return localMs - zone.offsetMs(localMs - offsetMs);
}

class IanaZone implements TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  #lastStep = Number.NaN;
  #lastOffsetMs = 0;

  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      timeZoneName: "longOffset",
      year: "numeric",
    });
  }

  offsetMs(instantMs: number): number {
    if (!Number.isFinite(instantMs)) return 0;
    const step = Math.floor(instantMs / changeStepMs);
    if (step === this.#lastStep) return this.#lastOffsetMs;
    const match = /GMT([+-])(\d+):(\d+)(?::(\d+))?/.exec(this.#format.format(instantMs));
    this.#lastStep = step;
    this.#lastOffsetMs = match === null ? 0 : readOffset(match);
    return this.#lastOffsetMs;
  }

  abbreviation(instantMs: number): string {
    return shortName(this.name, instantMs);
  }
}

function readOffset(match: RegExpExecArray): number {
  const [, sign, hours, minutes, seconds = "0"] = match;
  const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === "-" ? -size : size;
}

/** Locales know the letters of their own zones only: American ones first, then European ones. */
function shortName(zone: string | undefined, instantMs: number): string {
  let name = "";
  for (const locale of ["en-US", "en-GB", "en-IN", "en-AU"]) {
    const format = new Intl.DateTimeFormat(locale, {
      ...(zone === undefined ? {} : { timeZone: zone }),
      timeZoneName: "short",
    });
    const part = format.formatToParts(instantMs).find(({ type }) => type === "timeZoneName");
    name = part?.value ?? "";
    if (!/^(?:GMT|UTC).+/.test(name)) return name;
  }
  return name;
}
