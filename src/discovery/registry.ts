/** Every kind of discovery, one line each, and the names of Prometheus' kinds that are not built yet. */

import { fileDiscovery } from "./file-discovery.ts";
import { staticDiscovery } from "./static-discovery.ts";
import type { DiscoveryKind } from "./target-group.ts";

/** The kinds that find targets. */
export const discoveryKinds = [staticDiscovery, fileDiscovery] as const satisfies DiscoveryKind[];

/** Keys of Prometheus' other kinds: known, so that a config with them loads and says what is missing. */
export const unbuiltDiscoveryKeys = [
  "aws_sd_configs",
  "azure_sd_configs",
  "consul_sd_configs",
  "digitalocean_sd_configs",
  "dns_sd_configs",
  "docker_sd_configs",
  "dockerswarm_sd_configs",
  "ec2_sd_configs",
  "ecs_sd_configs",
  "eureka_sd_configs",
  "gce_sd_configs",
  "hetzner_sd_configs",
  "http_sd_configs",
  "ionos_sd_configs",
  "kubernetes_sd_configs",
  "kuma_sd_configs",
  "lightsail_sd_configs",
  "linode_sd_configs",
  "marathon_sd_configs",
  "msk_sd_configs",
  "nerve_sd_configs",
  "nomad_sd_configs",
  "openstack_sd_configs",
  "ovhcloud_sd_configs",
  "puppetdb_sd_configs",
  "scaleway_sd_configs",
  "serverset_sd_configs",
  "stackit_sd_configs",
  "triton_sd_configs",
  "uyuni_sd_configs",
  "vultr_sd_configs",
] as const;
