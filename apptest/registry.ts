/** Every app test, in the order in which they run. One line each. */

import type { AppTest } from "./app-test.ts";
import { badInputTest } from "./bad-input.ts";
import { bitFlipsTest } from "./bit-flips.ts";
import { ciliumDashboardsTest } from "./cilium-dashboards.ts";
import { clientsTest } from "./clients.ts";
import { clockJumpsTest } from "./clock-jumps.ts";
import { demoTest } from "./demo.ts";
import { diskFullTest } from "./disk-full.ts";
import { exploreTest } from "./explore.ts";
import { flowKillTest } from "./flow-kill.ts";
import { hubbleGrpcTest } from "./hubble-grpc.ts";
import { interoperabilityTest } from "./interoperability.ts";
import { killTest } from "./kill.ts";
import { killUnderLoadTest } from "./kill-under-load.ts";
import { labScenesTest } from "./lab-scenes.ts";
import { pagesTest } from "./pages.ts";
import { powerLossTest } from "./power-loss.ts";
import { prometheusReadsOurBlocksTest } from "./prometheus-reads-our-blocks.ts";
import { prometheusReadsOurHeadTest } from "./prometheus-reads-our-head.ts";
import { prometheusReadsOurWalTest } from "./prometheus-reads-our-wal.ts";
import { queriesBesidePrometheusTest } from "./queries-beside-prometheus.ts";
import { realExportersTest } from "./real-exporters.ts";
import { remoteReadTest } from "./remote-read.ts";
import { remoteWriteBesidePrometheusTest } from "./remote-write-beside-prometheus.ts";
import { securityTest } from "./security.ts";
import { seriesChurnTest } from "./series-churn.ts";

export const appTests: readonly AppTest[] = [
  demoTest,
  pagesTest,
  exploreTest,
  ciliumDashboardsTest,
  labScenesTest,
  badInputTest,
  securityTest,
  clientsTest,
  realExportersTest,
  hubbleGrpcTest,
  killTest,
  flowKillTest,
  prometheusReadsOurWalTest,
  prometheusReadsOurBlocksTest,
  prometheusReadsOurHeadTest,
  interoperabilityTest,
  remoteWriteBesidePrometheusTest,
  remoteReadTest,
  queriesBesidePrometheusTest,
  powerLossTest,
  killUnderLoadTest,
  diskFullTest,
  bitFlipsTest,
  clockJumpsTest,
  seriesChurnTest,
];
