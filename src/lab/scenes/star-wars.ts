/**
 * The scene of Cilium's Star Wars demo: a deathstar service with two backends, a tiefighter of the
 * empire and an xwing of the alliance, on two nodes, with the demo's L3/L4/L7 policy in force.
 */

import type { Scene, ScenePod } from "./scene.ts";

const workerName = "kind-worker";
const controlPlaneName = "kind-control-plane";

/** Only ships of the empire may land, and all they may do is ask for it. */
const deathstarPolicy = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: rule1
  namespace: default
spec:
  description: Ships of the empire may ask to land, and nothing else
  endpointSelector:
    matchLabels:
      org: empire
      class: deathstar
  ingress:
    - fromEndpoints:
        - matchLabels:
            org: empire
      toPorts:
        - ports:
            - port: "80"
              protocol: TCP
          rules:
            http:
              - method: POST
                path: /v1/request-landing
`;

/** Sends DNS through the DNS proxy, which makes names visible; it forbids nothing. */
const dnsVisibilityPolicy = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: dns-visibility
  namespace: default
spec:
  description: Show DNS queries; other egress stays as open as before
  endpointSelector: {}
  enableDefaultDeny:
    egress: false
  egress:
    - toEndpoints:
        - matchLabels:
            io.kubernetes.pod.namespace: kube-system
            k8s-app: kube-dns
      toPorts:
        - ports:
            - port: "53"
              protocol: ANY
          rules:
            dns:
              - matchPattern: "*"
`;

const httpPort = { name: "http", port: 80, protocol: "TCP" } as const;
const dnsPort = { name: "dns", port: 53, protocol: "UDP" } as const;

function deathstar(suffix: string, nodeName: string): ScenePod {
  return {
    namespace: "default",
    name: `deathstar-7848d6c4d5-${suffix}`,
    nodeName,
    labels: {
      "app.kubernetes.io/name": "deathstar",
      class: "deathstar",
      org: "empire",
      "pod-template-hash": "7848d6c4d5",
    },
    workload: { name: "deathstar", kind: "Deployment" },
    program: "deathstar",
    ports: [httpPort],
  };
}

function ship(name: string, org: string, nodeName: string): ScenePod {
  return {
    namespace: "default",
    name,
    nodeName,
    labels: { "app.kubernetes.io/name": name, class: name, org },
    workload: { name, kind: "Pod" },
    program: "idle",
    ports: [],
  };
}

function coredns(suffix: string, nodeName: string): ScenePod {
  return {
    namespace: "kube-system",
    name: `coredns-76f75df574-${suffix}`,
    nodeName,
    labels: { "k8s-app": "kube-dns", "pod-template-hash": "76f75df574" },
    workload: { name: "coredns", kind: "Deployment" },
    program: "kube-dns",
    ports: [dnsPort],
  };
}

/** The default scene. */
export const starWarsScene: Scene = {
  name: "star-wars",
  clusterName: "default",
  nodeNames: [controlPlaneName, workerName],
  pods: [
    coredns("8xk2p", controlPlaneName),
    coredns("vq6tn", workerName),
    deathstar("97lrn", workerName),
    deathstar("qhm5t", controlPlaneName),
    ship("tiefighter", "empire", workerName),
    ship("xwing", "alliance", workerName),
  ],
  services: [
    {
      namespace: "default",
      name: "deathstar",
      clusterAddress: "10.96.110.8",
      selector: { class: "deathstar", org: "empire" },
      ports: [{ port: 80, targetPort: 80, protocol: "TCP" }],
    },
    {
      namespace: "kube-system",
      name: "kube-dns",
      clusterAddress: "10.96.0.10",
      selector: { "k8s-app": "kube-dns" },
      ports: [{ port: 53, targetPort: 53, protocol: "UDP" }],
    },
  ],
  policies: [
    { file: "rule1.yaml", text: deathstarPolicy },
    { file: "dns-visibility.yaml", text: dnsVisibilityPolicy },
  ],
};
