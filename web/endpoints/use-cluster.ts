/** What the endpoints page asks about the cluster; all follow the page's refresh. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type {
  WireClusterPolicies,
  WireEndpoint,
  WireIdentity,
  WireUnmanagedPod,
} from "../../src/api/wire/cluster.ts";
import type {
  WireEndpointPolicy,
  WireIdentityReferences,
} from "../../src/api/wire/flow-explanation.ts";
import { useApi } from "../api/server-queries.ts";
import { timedKey } from "../time/time-context.tsx";

function useTimed<Answer>(path: string) {
  const client = useApi();
  return useQuery({
    queryKey: [timedKey, "cluster", path],
    queryFn: ({ signal }) => client.own<Answer>(path, { signal }),
    placeholderData: keepPreviousData,
    staleTime: 1000,
  });
}

/** All endpoints. */
export const useEndpoints = () => useTimed<readonly WireEndpoint[]>("/endpoints");
/** All identities. */
export const useIdentities = () => useTimed<readonly WireIdentity[]>("/identities");
/** Pods that no agent manages. */
export const useUnmanagedPods = () => useTimed<readonly WireUnmanagedPod[]>("/pods/unmanaged");
/** Policies that select each identity. */
export const useReferences = () =>
  useTimed<readonly WireIdentityReferences[]>("/identities/references");
/** Policies with the revision that endpoints should have reached. */
export const useClusterPolicies = () =>
  useTimed<readonly WireClusterPolicies[]>("/cluster/policies");
/** Rules that act on one endpoint. */
export const useEndpointPolicy = ({ id, nodeName }: WireEndpoint) =>
  useTimed<WireEndpointPolicy>(`/endpoints/${id}/policy?node=${encodeURIComponent(nodeName)}`);
