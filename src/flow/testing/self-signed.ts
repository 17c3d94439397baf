/**
 * Certificates for tests of TLS: X.509 v3, self-signed, P-256, with one DNS name, made anew each time so
 * that no key lies in the repository and none expires.
 */

import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate and its key, PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

/** ASN.1 tags. */
const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
  dnsName: 0x82,
} as const;
const oids = {
  commonName: "550403",
  subjectAltName: "551d11",
  ecdsaWithSha256: "2a8648ce3d040302",
} as const;

/** A certificate for `serverName`, good from 2000 to 2099. */
export function selfSigned(serverName: string): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(tags.sequence, oid(oids.ecdsaWithSha256));
  const attribute = der(tags.sequence, oid(oids.commonName), der(tags.utf8, serverName));
  const name = der(tags.sequence, der(tags.set, attribute));
  const names = der(tags.sequence, der(tags.dnsName, serverName));
  const altName = der(tags.sequence, oid(oids.subjectAltName), der(tags.octetString, names));
  const time = (text: string) => der(tags.generalizedTime, text);
  const body = der(
    tags.sequence,
    der(tags.version, der(tags.integer, Buffer.from([2]))),
    der(tags.integer, Buffer.from([1])),
    algorithm,
    name,
    der(tags.sequence, time("20000101000000Z"), time("20991231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(tags.extensions, der(tags.sequence, altName)),
  );
  const signature = der(tags.bitString, Buffer.from([0]), sign("sha256", body, privateKey));
  const base64 = der(tags.sequence, body, algorithm, signature).toString("base64");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function oid(hex: string): Buffer {
  return der(tags.oid, Buffer.from(hex, "hex"));
}

/** Tag, length, content. */
function der(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)),
  );
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
