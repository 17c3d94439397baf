/**
 * Why a target is down, in words, and what mends it: from the error of its last scrape, whose texts are
 * Prometheus' own (Go's net, tls and http packages, the parser, the limits). Pure.
 */

/** One reason. */
export interface DownReason {
  /** "Nobody listens there." */
  readonly what: string;
  /** What to look at and to change. */
  readonly mend: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly tell: (match: RegExpExecArray, target: DownTarget) => DownReason;
}

/** What of a target the words use. */
export interface DownTarget {
  readonly lastError: string;
  readonly scrapeUrl: string;
  readonly scrapeTimeout: string;
  readonly scrapePool: string;
}

/** The first that matches tells. Groups are parts of the error. */
const rules: readonly Rule[] = [
  {
    pattern: /connection refused/,
    tell: (_, { scrapeUrl }) => ({
      what: `Nobody listens on ${hostOf(scrapeUrl)}.`,
      mend: "The host answers, the port is closed: the program is not running, listens on another port or on another address (127.0.0.1 of its own). Metrics may be off: for Cilium prometheus.enabled, operator.prometheus.enabled, hubble.metrics.enabled.",
    }),
  },
  {
    pattern: /lookup ([^:\s]+).*?(?:no such host|temporary failure)/,
    tell: ([, name = ""]) => ({
      what: `The name ${name} is not known.`,
      mend: "Look for a typing error in the target's address; a name of a cluster's DNS is known inside the cluster only.",
    }),
  },
  {
    pattern: /no route to host|network is unreachable|cannot assign requested address/,
    tell: (_, { scrapeUrl }) => ({
      what: `There is no way from here to ${hostOf(scrapeUrl)}.`,
      mend: "Pod addresses are reachable inside the cluster only: scrape from there, or forward the port. Else look at routes and firewalls.",
    }),
  },
  {
    pattern: /connection timed out|i\/o timeout/,
    tell: (_, { scrapeUrl }) => ({
      what: `${hostOf(scrapeUrl)} does not answer at all.`,
      mend: "A firewall or a network policy swallows the packets (a policy that drops says nothing): allow this server's address to the metrics port.",
    }),
  },
  {
    pattern: /context deadline exceeded|request canceled|timeout|timed out/i,
    tell: (_, { scrapeTimeout }) => ({
      what: `The answer was not complete within ${scrapeTimeout}.`,
      mend: "The target is slow or its page is large: see its scrape time in Explore. Raise scrape_timeout (not above scrape_interval), or drop what is large at the source.",
    }),
  },
  {
    pattern: /HTTP status (401)/,
    tell: () => ({
      what: "The target wants credentials, and those sent are missing or wrong (401).",
      mend: "Give basic_auth, authorization or oauth2 in the scrape config; look whether the credentials_file is the present one.",
    }),
  },
  {
    pattern: /HTTP status (403)/,
    tell: () => ({
      what: "The target knows who asks and refuses (403).",
      mend: "The account has no right to read metrics: in Kubernetes a ClusterRole with get on nodes/metrics or the nonResourceURL /metrics. A policy of Cilium's L7 proxy answers 403 too: see the flows to this port.",
    }),
  },
  {
    pattern: /HTTP status (404)/,
    tell: (_, { scrapeUrl }) => ({
      what: `There is no page ${pathOf(scrapeUrl)} (404).`,
      mend: "Set metrics_path in the scrape config to where the program has its metrics.",
    }),
  },
  {
    pattern: /HTTP status (5\d\d.*)/,
    tell: ([, status = ""]) => ({
      what: `The target itself fails (${status}).`,
      mend: "Its own log says why; the rest of its page is not read after such a status.",
    }),
  },
  {
    pattern: /HTTP status (\d+.*)/,
    tell: ([, status = ""]) => ({
      what: `The target answered ${status} instead of 200.`,
      mend: "A redirect is followed unless follow_redirects is off; anything else must be mended at the target.",
    }),
  },
  {
    pattern: /server gave HTTP response to HTTPS client/,
    tell: () => ({
      what: "The target speaks plain HTTP, and TLS was tried.",
      mend: "Set scheme: http in the scrape config.",
    }),
  },
  {
    pattern: /certificate signed by unknown authority/,
    tell: () => ({
      what: "The target's certificate is signed by somebody this server does not know.",
      mend: "Give tls_config.ca_file the authority's certificate. insecure_skip_verify works too, but then nobody knows who answers.",
    }),
  },
  {
    pattern: /certificate has expired or is not yet valid/,
    tell: () => ({
      what: "The target's certificate has expired, or is not valid yet.",
      mend: "Renew it, or set the clock right.",
    }),
  },
  {
    pattern: /certificate is valid for (.*), not (\S+)/,
    tell: ([, names = "", asked = ""]) => ({
      what: `The certificate is for ${names}, and ${asked} was asked.`,
      mend: "Set tls_config.server_name to a name of the certificate, or scrape the target by that name.",
    }),
  },
  {
    pattern: /remote error|tls:|x509|handshake/i,
    tell: () => ({
      what: "The TLS handshake failed.",
      mend: "The target may want a client certificate (tls_config.cert_file and key_file) or another TLS version (min_version, max_version).",
    }),
  },
  {
    pattern: /connection reset by peer|broken pipe|EOF|socket hang up|closed/i,
    tell: () => ({
      what: "The connection was cut before the answer was complete.",
      mend: "The target restarts or crashes while it answers, or something between cuts it. An HTTPS port that is asked without TLS does this too: try scheme: https.",
    }),
  },
  {
    pattern: /body size limit exceeded|body_size_limit/,
    tell: () => ({
      what: "The page is larger than body_size_limit allows.",
      mend: "Raise body_size_limit of the job, or expose less.",
    }),
  },
  {
    pattern: /(?:sample limit exceeded|sample_limit exceeded)/,
    tell: (_, { scrapePool }) => ({
      what: `The target has more samples than sample_limit of ${scrapePool} allows; none was kept.`,
      mend: "Raise sample_limit, or drop series with metric_relabel_configs: Cardinality shows which metrics are large.",
    }),
  },
  {
    pattern: /(label(?:_name_length|_value_length)?_limit) exceeded \(metric: ([^,)]+)/,
    tell: ([, limit = "", metric = ""]) => ({
      what: `${metric} breaks ${limit}; nothing of the scrape was kept.`,
      mend: `Raise ${limit} of the job, or shorten or drop the label with metric_relabel_configs.`,
    }),
  },
  {
    pattern: /target_limit exceeded \(number of targets: (\d+), limit: (\d+)\)/,
    tell: ([, count = "", limit = ""]) => ({
      what: `The pool has ${count} targets and may have ${limit}; none of them is scraped.`,
      mend: "Raise target_limit, or choose fewer targets with relabel_configs.",
    }),
  },
  {
    pattern: /too many series/,
    tell: () => ({
      what: "New series are refused: the memory budget is used up.",
      mend: "Cardinality shows what grew. Drop it, or raise --storage.memory-budget.",
    }),
  },
  {
    pattern: /unsupported Content-Type|non-compliant scrape target|received unsupported/i,
    tell: () => ({
      what: "The answer is no metrics page: its Content-Type is another.",
      mend: "Look whether metrics_path is right; if the text is the Prometheus format, set fallback_scrape_protocol: PrometheusText0.0.4.",
    }),
  },
  {
    pattern: /gzip|unexpected end of file|content-length/i,
    tell: () => ({
      what: "The answer's compression or length is broken.",
      mend: "A proxy between may cut or recode it. enable_compression: false asks for plain text.",
    }),
  },
  {
    pattern: /unable to read file (\S+?):/,
    tell: ([, file = ""]) => ({
      what: `This server cannot read ${file}.`,
      mend: "The scrape config names it for credentials or TLS: look whether it exists and may be read.",
    }),
  },
  {
    pattern: /expected .*|invalid (?:metric|sample)|not unique|parse|strconv|INVALID/,
    tell: ({ input }) => ({
      what: `The page is no valid exposition${placeOf(input)}.`,
      mend: "The program writes its metrics wrongly, or this is another page (HTML?): read it with curl. promtool check metrics names the line.",
    }),
  },
];

/** The words for a target's last error; undefined where it has none. */
export function downReason(target: DownTarget): DownReason | undefined {
  const { lastError } = target;
  if (lastError === "") return undefined;
  for (const { pattern, tell } of rules) {
    const match = pattern.exec(lastError);
    if (match !== null) return tell(match, target);
  }
  return {
    what: "The last scrape failed.",
    mend: "The error below is all that is known; the server's log has the same at level debug.",
  };
}

function placeOf(error: string): string {
  const line = /line (\d+)/.exec(error)?.[1];
  if (line !== undefined) return `: line ${line}`;
  const near = /(?:got|near|parsing:) (".*")/s.exec(error)?.[1];
  return near === undefined ? "" : `: it breaks at ${near}`;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url;
}
