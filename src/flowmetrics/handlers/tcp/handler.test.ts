import { describe, expect, it } from "vitest";
import type { Flow } from "../../../flow/model/flow.ts";
import type { TCPFlags } from "../../../flow/model/generated/messages.ts";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { tcpHandler } from "./handler.ts";

function packet(flags: TCPFlags): Flow {
  return { verdict: "FORWARDED", IP: { ipVersion: "IPv4" }, l4: { TCP: { flags } } };
}

describe("tcp", () => {
  runHandlerContract(tcpHandler, packet({ SYN: true }));

  it("tells SYN from SYN-ACK and counts each flag of a packet", () => {
    expect(
      seriesOf("tcp", packet({ SYN: true }), packet({ SYN: true, ACK: true, FIN: true })),
    ).toEqual([
      'hubble_tcp_flags_total{family="IPv4",flag="FIN"} 1',
      'hubble_tcp_flags_total{family="IPv4",flag="SYN"} 1',
      'hubble_tcp_flags_total{family="IPv4",flag="SYN-ACK"} 1',
    ]);
  });

  it("leaves out drops, packets without an address and plain ACKs", () => {
    const { IP: _, ...withoutAddress } = packet({ SYN: true });
    const dropped: Flow = { ...packet({ SYN: true }), verdict: "DROPPED" };
    expect(seriesOf("tcp", dropped, withoutAddress, packet({ ACK: true }))).toEqual([]);
  });
});
