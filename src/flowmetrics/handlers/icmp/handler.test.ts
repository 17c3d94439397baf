import { describe, expect, it } from "vitest";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { icmpHandler } from "./handler.ts";

describe("icmp", () => {
  runHandlerContract(icmpHandler, { l4: { ICMPv4: { type: 8 } } });

  it("names type and code as far as they have names", () => {
    const v4 = (type: number, code = 0) =>
      seriesOf("icmp", { l4: { ICMPv4: { type, code } } })[0]?.match(/type="(.*)"/)?.[1];
    expect(v4(8)).toBe("EchoRequest");
    expect(v4(8, 5)).toBe("EchoRequest(Code: 5)");
    expect(v4(3, 3)).toBe("DestinationUnreachable(Port)");
    expect(v4(3, 99)).toBe("DestinationUnreachable(Code: 99)");
    expect(v4(250, 3)).toBe("250(3)");
    expect(v4(264, 256)).toBe("EchoRequest");
  });

  it("tells the families apart", () => {
    expect(seriesOf("icmp", { l4: { ICMPv6: { type: 128 } } })).toEqual([
      'hubble_icmp_total{family="IPv6",type="EchoRequest"} 1',
    ]);
  });
});
