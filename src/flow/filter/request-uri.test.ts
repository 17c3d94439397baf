import { expect, it } from "vitest";
import { requestPath } from "./request-uri.ts";

function check(uri: string, want: string | undefined): void {
  expect(requestPath(uri), uri).toBe(want);
}

it("decodes the path and leaves out host and query", () => {
  check("http://user:pw@h:8080/a%20b?q=/c", "/a b");
  check("/v1/%E4%B8%AD#f", "/v1/中#f");
  check("/a%ffb", "/a\ufffdb");
  check("http://[::1]:80/", "/");
  check("http://%c3%a9/x", "/x");
});

it("has an empty path where there is none, and a star", () => {
  for (const uri of ["http://h", "http://h?x=/p", "mailto:a@b"]) check(uri, "");
  check("*", "*");
});

it("takes no authority without a scheme, and an empty one with it", () => {
  check("//host/path", "//host/path");
  check("http:///path", "/path");
});

it("has no path where Go refuses the text", () => {
  for (const uri of ["", "no url", ":", "?q", "/p%", "/a%zz", "/a\tb"]) check(uri, undefined);
  for (const host of ["%zz", "%41", "h:port", "[::1", "a b", "us er@h", "a%4@h"]) {
    check(`http://${host}/x`, undefined);
  }
});
