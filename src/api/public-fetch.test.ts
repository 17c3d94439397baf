import { describe, expect, it } from "vitest";
import { fetchPublicText, isPublicAddress } from "./public-fetch.ts";

describe("public addresses", () => {
  it("are told from private, loopback, link-local, mapped and reserved ones", () => {
    const refused = [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.0.1",
      "169.254.169.254",
      "0.0.0.0",
      "100.64.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::1",
      "::",
      "fe80::1",
      "fd00::1",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "not an address",
    ];
    for (const address of refused)
      expect([address, isPublicAddress(address)]).toEqual([address, false]);
    for (const address of ["8.8.8.8", "172.32.0.1", "2606:4700::1111"]) {
      expect([address, isPublicAddress(address)]).toEqual([address, true]);
    }
  });
});

describe("fetching for a user", () => {
  it("refuses other protocols, credentials and text that is no URL", async () => {
    const check = async (url: string, message: RegExp) =>
      await expect(fetchPublicText(url)).rejects.toThrow(message);
    await check("file:///etc/passwd", /only http and https/);
    await check("ftp://example.com/", /only http and https/);
    await check("http://a:b@example.com/", /user name or password/);
    await check("dashboard.json", /no URL/);
  });

  it("refuses a name as soon as one of its addresses is private", async () => {
    const resolve = async () => ["8.8.8.8", "127.0.0.1"];
    await expect(fetchPublicText("http://rebind.example/d.json", resolve)).rejects.toThrow(
      /rebind\.example is 127\.0\.0\.1, a private/,
    );
  });

  it("refuses numeric spellings of loopback", async () => {
    for (const url of [
      "http://2130706433/",
      "http://0x7f000001/",
      "http://127.1/",
      "http://[::ffff:7f00:1]/",
    ]) {
      await expect(fetchPublicText(url)).rejects.toThrow(/private, loopback or link-local/);
    }
  });

  it("says when a name does not resolve", async () => {
    const resolve = async () => {
      throw new Error("ENOTFOUND");
    };
    await expect(fetchPublicText("https://gone.example/", resolve)).rejects.toThrow(
      /gone\.example does not resolve/,
    );
  });
});
