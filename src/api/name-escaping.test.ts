import { describe, expect, it } from "vitest";
import { escapeName, escapingOf, unescapeName } from "./name-escaping.ts";

describe("names in the classic format", () => {
  it("are escaped in the way that the reader asks for", () => {
    const all = (name: string) =>
      (["underscores", "dots", "values", "allow-utf-8"] as const).map((scheme) =>
        escapeName(name, scheme),
      );
    expect(all("größe.in_b")).toEqual([
      "gr__e_in_b",
      "gr____e_dot_in__b",
      "U__gr_f6__df_e_2e_in__b",
      "größe.in_b",
    ]);
    expect(all("1a")).toEqual(["_a", "__a", "U___31_a", "1a"]);
    expect(all("up_total")).toEqual(["up_total", "up_total", "up_total", "up_total"]);
  });

  it("are escaped with underscores unless Accept says otherwise", () => {
    expect(escapingOf("")).toBe("underscores");
    expect(escapingOf("text/plain; version=0.0.4; escaping=dots")).toBe("dots");
    expect(escapingOf("text/plain;escaping=nonsense")).toBe("underscores");
    expect(escapingOf("text/plain;q=0.5;escaping=dots, text/plain;escaping=values")).toBe("values");
    expect(escapingOf("application/json;escaping=dots, */*")).toBe("dots");
  });
});

describe("names in a path", () => {
  const check = (escaped: string, name: string) => expect(unescapeName(escaped)).toBe(name);

  it("are read back from their escapes, other letters as they are", () => {
    check("U__http_2e_status__code", "http.status_code");
    check("U__ä_20_b_1F600_", "ä b\u{1f600}");
    check("U__", "");
    check("job", "job");
  });

  it("stay as they are where an escape is broken", () => {
    for (const name of [
      "U__a_zz_b",
      "U__a_",
      "U__a_20",
      "U__x_d800_",
      "U__x_110000_",
      "U__x_00020_y_",
    ])
      check(name, name);
  });
});
