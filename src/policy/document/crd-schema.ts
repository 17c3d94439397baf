/**
 * The schema of Cilium's policy CRDs (cilium.io/v2) as far as the API server checks it: types,
 * required fields, patterns, limits, and which fields exclude each other. Facts only; policy-schema.ts
 * walks. `goType` names the Go type that a decoder's complaint would name.
 */

import { entityNames } from "../selector/peer-selector.ts";

/** One node of the schema. */
export type Schema =
  | {
      readonly type: "object";
      readonly goType?: string;
      readonly fields: Readonly<Record<string, Schema>>;
      readonly required?: readonly string[];
      /** Exactly one of these lists of fields must be there. */
      readonly oneOf?: readonly (readonly string[])[];
      /** At least one of these fields must be there. */
      readonly anyOf?: readonly string[];
    }
  | { readonly type: "map"; readonly values: Schema }
  | {
      readonly type: "array";
      readonly items: Schema;
      readonly itemsMax?: number;
      readonly itemsMin?: number;
    }
  | {
      readonly type: "string";
      readonly pattern?: RegExp;
      /** The pattern as the CRD writes it, where JavaScript spells it otherwise. */
      readonly patternText?: string;
      readonly values?: readonly string[];
      readonly isCidr?: boolean;
      readonly bytesMax?: number;
      readonly lengthMax?: number;
      readonly lengthMin?: number;
    }
  | { readonly type: "integer"; readonly min?: number; readonly max?: number }
  | { readonly type: "boolean" }
  /** A number, or a text of the pattern. */
  | { readonly type: "intOrString"; readonly pattern: RegExp }
  /** Anything: not looked into. */
  | { readonly type: "any" };

const text: Schema = { type: "string" };
/** A name that must not be empty. */
const name: Schema = { type: "string", lengthMin: 1 };
const flag: Schema = { type: "boolean" };
const anything: Schema = { type: "any" };

function list(items: Schema, itemsMax?: number): Schema {
  return itemsMax === undefined ? { type: "array", items } : { type: "array", items, itemsMax };
}

function choice(...values: string[]): Schema {
  return { type: "string", values };
}

const labelSelector: Schema = {
  type: "object",
  fields: {
    matchLabels: {
      type: "map",
      values: {
        type: "string",
        lengthMax: 63,
        pattern: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
      },
    },
    matchExpressions: list({
      type: "object",
      goType: "LabelSelectorRequirement",
      fields: {
        key: text,
        operator: choice("In", "NotIn", "Exists", "DoesNotExist"),
        values: list(text),
      },
      required: ["key", "operator"],
    }),
  },
};

const cidr: Schema = { type: "string", isCidr: true };

const cidrRule: Schema = {
  type: "object",
  goType: "CIDRRule",
  fields: {
    cidr,
    cidrGroupRef: {
      type: "string",
      lengthMax: 253,
      pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    },
    cidrGroupSelector: labelSelector,
    except: list(cidr),
  },
  oneOf: [["cidr"], ["cidrGroupRef"], ["cidrGroupSelector"]],
};

const fqdnSelector: Schema = {
  type: "object",
  goType: "FQDNSelector",
  fields: {
    matchName: { type: "string", lengthMax: 255, pattern: /^([-a-zA-Z0-9_]+[.]?)+$/ },
    matchPattern: { type: "string", lengthMax: 255, pattern: /^([-a-zA-Z0-9_*]+[.]?)+$/ },
  },
  oneOf: [["matchName"], ["matchPattern"]],
};

const groups: Schema = {
  type: "object",
  goType: "Groups",
  fields: {
    aws: {
      type: "object",
      goType: "AWSGroup",
      fields: {
        labels: { type: "map", values: text },
        region: text,
        securityGroupsIds: list(text),
        securityGroupsNames: list(text),
      },
    },
  },
};

const icmpTypeNames = [
  "EchoReply",
  "DestinationUnreachable",
  "Redirect",
  "Echo",
  "RouterAdvertisement",
  "RouterSelection",
  "TimeExceeded",
  "ParameterProblem",
  "Timestamp",
  "TimestampReply",
  "Photuris",
  "ExtendedEchoRequest",
  "ExtendedEcho Reply",
  "PacketTooBig",
  "ParameterProblem",
  "EchoRequest",
  "MulticastListenerQuery",
  "MulticastListenerReport",
  "MulticastListenerDone",
  "RouterSolicitation",
  "RouterAdvertisement",
  "NeighborSolicitation",
  "NeighborAdvertisement",
  "RedirectMessage",
  "RouterRenumbering",
  "ICMPNodeInformationQuery",
  "ICMPNodeInformationResponse",
  "InverseNeighborDiscoverySolicitation",
  "InverseNeighborDiscoveryAdvertisement",
  "HomeAgentAddressDiscoveryRequest",
  "HomeAgentAddressDiscoveryReply",
  "MobilePrefixSolicitation",
  "MobilePrefixAdvertisement",
  "DuplicateAddressRequestCodeSuffix",
  "DuplicateAddressConfirmationCodeSuffix",
];
const icmpTypePattern = new RegExp(
  `^([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]|${icmpTypeNames.join("|")})$`,
);

const icmps: Schema = list({
  type: "object",
  goType: "ICMPRule",
  fields: {
    fields: list(
      {
        type: "object",
        goType: "ICMPField",
        // Which names go with which family, icmp-types.ts knows.
        fields: {
          family: choice("IPv4", "IPv6"),
          type: { type: "intOrString", pattern: icmpTypePattern },
        },
        required: ["type"],
      },
      40,
    ),
  },
});

const port: Schema = {
  type: "object",
  goType: "PortProtocol",
  fields: {
    port: {
      type: "string",
      pattern:
        /^(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$/,
    },
    endPort: { type: "integer", min: 0, max: 65_535 },
    protocol: choice("TCP", "UDP", "SCTP", "VRRP", "IGMP", "ANY"),
  },
};

const secret: Schema = {
  type: "object",
  goType: "Secret",
  fields: { name: text, namespace: text },
  required: ["name"],
};

const tlsContext: Schema = {
  type: "object",
  goType: "TLSContext",
  fields: { secret, certificate: text, privateKey: text, trustedCA: text },
  required: ["secret"],
};

const httpRule: Schema = {
  type: "object",
  goType: "PortRuleHTTP",
  fields: {
    method: text,
    path: text,
    // Checked by the API server as a plain text: a broken expression gets this far.
    host: text,
    headers: list(text),
    headerMatches: list({
      type: "object",
      goType: "HeaderMatch",
      fields: {
        name,
        value: text,
        secret,
        mismatch: choice("LOG", "ADD", "DELETE", "REPLACE"),
      },
      required: ["name"],
    }),
  },
};

const kafkaRule: Schema = {
  type: "object",
  goType: "KafkaRule",
  fields: {
    role: choice("produce", "consume"),
    apiKey: text,
    apiVersion: text,
    clientID: text,
    topic: { type: "string", lengthMax: 255 },
  },
};

const toPorts: Schema = list({
  type: "object",
  goType: "PortRule",
  fields: {
    ports: list(port, 40),
    rules: {
      type: "object",
      goType: "L7Rules",
      fields: {
        http: list(httpRule),
        kafka: list(kafkaRule),
        dns: list({ ...fqdnSelector, goType: "PortRuleDNS" }),
        l7proto: text,
        l7: list({ type: "map", values: text }),
      },
      oneOf: [["http"], ["kafka"], ["dns"], ["l7proto"]],
    },
    serverNames: {
      type: "array",
      itemsMin: 1,
      items: {
        type: "string",
        lengthMax: 255,
        pattern: /^(\*?\*\.)?([-a-zA-Z0-9_]+\.?)+$/,
      },
    },
    listener: {
      type: "object",
      goType: "Listener",
      fields: {
        envoyConfig: {
          type: "object",
          goType: "EnvoyConfig",
          fields: { kind: choice("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig"), name },
          required: ["name"],
        },
        name,
        priority: { type: "integer", min: 1, max: 100 },
      },
      required: ["envoyConfig", "name"],
    },
    terminatingTLS: tlsContext,
    originatingTLS: tlsContext,
  },
});

const denyToPorts: Schema = list({
  type: "object",
  goType: "PortDenyRule",
  fields: { ports: list(port) },
});

const authentication: Schema = {
  type: "object",
  goType: "Authentication",
  fields: { mode: choice("disabled", "required", "test-always-fail") },
  required: ["mode"],
};

/** Entities that the agent knows and the CRD does not. */
const beyondCrd: readonly string[] = ["world-ipv4", "world-ipv6"];
const entities: Schema = list(choice(...entityNames.filter((name) => !beyondCrd.includes(name))));

const ingressPeers = {
  fromEndpoints: list(labelSelector),
  fromEntities: entities,
  fromCIDR: list(cidr),
  fromCIDRSet: list(cidrRule),
  fromNodes: list(labelSelector),
  fromGroups: list(groups),
} as const;

const egressPeers = {
  toEndpoints: list(labelSelector),
  toEntities: entities,
  toCIDR: list(cidr),
  toCIDRSet: list(cidrRule),
  toNodes: list(labelSelector),
  toGroups: list(groups),
  toServices: list({
    type: "object",
    goType: "Service",
    fields: {
      k8sService: {
        type: "object",
        goType: "K8sServiceNamespace",
        fields: { serviceName: text, namespace: text },
      },
      k8sServiceSelector: {
        type: "object",
        goType: "K8sServiceSelectorNamespace",
        fields: { selector: labelSelector, namespace: text },
        required: ["selector"],
      },
    },
  }),
} as const;

/** `spec`, and each item of `specs`. */
export const ruleSchema: Schema = {
  type: "object",
  goType: "Rule",
  fields: {
    endpointSelector: labelSelector,
    nodeSelector: labelSelector,
    ingress: list({
      type: "object",
      goType: "IngressRule",
      fields: { ...ingressPeers, toPorts, icmps, authentication },
    }),
    ingressDeny: list({
      type: "object",
      goType: "IngressDenyRule",
      fields: { ...ingressPeers, toPorts: denyToPorts, icmps },
    }),
    egress: list({
      type: "object",
      goType: "EgressRule",
      fields: { ...egressPeers, toFQDNs: list(fqdnSelector), toPorts, icmps, authentication },
    }),
    egressDeny: list({
      type: "object",
      goType: "EgressDenyRule",
      fields: { ...egressPeers, toPorts: denyToPorts, icmps },
    }),
    enableDefaultDeny: {
      type: "object",
      goType: "DefaultDenyConfig",
      fields: { ingress: flag, egress: flag },
    },
    labels: list({
      type: "object",
      goType: "Label",
      fields: { key: text, value: text, source: text, cidr: anything },
      required: ["key"],
    }),
    description: text,
    log: {
      type: "object",
      goType: "LogConfig",
      fields: {
        value: { type: "string", bytesMax: 32, pattern: /^\P{C}*$/u, patternText: "^\\PC*$" },
      },
    },
  },
  oneOf: [["endpointSelector"], ["nodeSelector"]],
  anyOf: ["ingress", "ingressDeny", "egress", "egressDeny"],
};

/** A whole CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy. */
export const ciliumPolicySchema: Schema = {
  type: "object",
  goType: "CiliumNetworkPolicy",
  fields: {
    apiVersion: text,
    kind: text,
    metadata: anything,
    spec: ruleSchema,
    specs: list(ruleSchema),
    status: anything,
  },
  required: ["metadata"],
};

const kubernetesSelector: Schema = {
  type: "object",
  goType: "LabelSelector",
  fields: {
    matchLabels: { type: "map", values: text },
    matchExpressions: list({
      type: "object",
      goType: "LabelSelectorRequirement",
      fields: { key: text, operator: text, values: list(text) },
    }),
  },
};

const kubernetesPeers: Schema = list({
  type: "object",
  goType: "NetworkPolicyPeer",
  fields: {
    podSelector: kubernetesSelector,
    namespaceSelector: kubernetesSelector,
    ipBlock: { type: "object", goType: "IPBlock", fields: { cidr: text, except: list(text) } },
  },
});

const kubernetesPorts: Schema = list({
  type: "object",
  goType: "NetworkPolicyPort",
  fields: { protocol: text, port: anything, endPort: { type: "integer" } },
});

/** A Kubernetes NetworkPolicy (networking.k8s.io/v1). */
export const networkPolicySchema: Schema = {
  type: "object",
  goType: "NetworkPolicy",
  fields: {
    apiVersion: text,
    kind: text,
    metadata: anything,
    status: anything,
    spec: {
      type: "object",
      goType: "NetworkPolicySpec",
      fields: {
        podSelector: kubernetesSelector,
        policyTypes: list(text),
        ingress: list({
          type: "object",
          goType: "NetworkPolicyIngressRule",
          fields: { from: kubernetesPeers, ports: kubernetesPorts },
        }),
        egress: list({
          type: "object",
          goType: "NetworkPolicyEgressRule",
          fields: { to: kubernetesPeers, ports: kubernetesPorts },
        }),
      },
    },
  },
};
