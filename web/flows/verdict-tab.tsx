/** How a flow's verdict came about: steps by policy, rule and line, and the lines themselves. */

import type {
  WireExplainedSide,
  WireExplainedStep,
  WireFlowExplanation,
  WirePolicyText,
} from "../../src/api/wire/flow-explanation.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { Glyph, type GlyphKind } from "../ui/glyph.tsx";
import { Skeleton } from "../ui/notes.tsx";
import { dropReasonText, endText } from "./flow-words.ts";
import { excerptLines, yamlParts } from "./policy-excerpt.ts";
import { useFlowExplanation } from "./use-flows.ts";

const stepGlyphs: Readonly<Record<WireExplainedStep["state"], GlyphKind>> = {
  allows: "ok",
  closes: "warn",
  misses: "mute",
  denies: "dropped",
};

export function VerdictTab({ flow }: { readonly flow: Flow }) {
  const explanation = useFlowExplanation(flow);
  return (
    <>
      <section className="drawer-section">
        <h3>How this verdict came about</h3>
        {explanation.data === undefined ? (
          explanation.isError ? (
            <p className="mid">
              The policies cannot be asked: {explanation.error.message} What the flow itself says
              stands below.
            </p>
          ) : (
            <Skeleton label="Asking the policies" />
          )
        ) : (
          <Explained explanation={explanation.data} flow={flow} />
        )}
      </section>
      {(explanation.data?.policies ?? []).map((policy) => (
        <PolicyLines
          key={`${policy.kind} ${policy.namespace} ${policy.name}`}
          policy={policy}
          revision={explanation.data?.revision ?? 0}
        />
      ))}
      <FlowFacts flow={flow} />
    </>
  );
}

function Explained({
  explanation,
  flow,
}: {
  readonly explanation: WireFlowExplanation;
  readonly flow: Flow;
}) {
  const { silence, sides, agrees, faults } = explanation;
  const reason = dropReasonText(flow);
  if (silence !== null) {
    return (
      <p className="mid">
        {silence} {reason !== "" && `Its drop reason is: ${reason}.`}
      </p>
    );
  }
  return (
    <>
      {sides.length === 0 && <p className="mid">Neither end is a pod whose policy would decide.</p>}
      <ol className="verdict-steps">
        {sides.flatMap((side) =>
          side.steps.map((step, index) => (
            <Step
              // biome-ignore lint/suspicious/noArrayIndexKey: steps are told in order and never move.
              key={`${side.direction} ${index}`}
              step={step}
              side={side}
            />
          )),
        )}
      </ol>
      {agrees !== null && (
        <p className={agrees ? "dim" : "verdict-differs"}>
          {agrees
            ? "Our engine, with the policies in force now, agrees with the datapath on this flow."
            : "With the policies in force now the verdict would be another: they have changed since, or the endpoint had not taken them yet."}
        </p>
      )}
      {faults.map((fault) => (
        <p key={fault} className="verdict-differs">
          A policy was left out, it cannot be read: {fault}
        </p>
      ))}
    </>
  );
}

function Step({
  step,
  side,
}: {
  readonly step: WireExplainedStep;
  readonly side: WireExplainedSide;
}) {
  const { params } = useRoute();
  return (
    <li className={side.isObserved ? "" : "is-other"}>
      <span className={`verdict-step is-${stepGlyphs[step.state]}`}>
        <Glyph kind={stepGlyphs[step.state]} />
      </span>
      <div>
        <b>{step.title}</b>
        {step.text !== "" && <p className="mid">{step.text}</p>}
        {step.place !== null && step.line !== null && (
          <Link className="link" href={pageHref(policyPath(step.place, step.line), params)}>
            {step.place.namespace === "" ? "" : `${step.place.namespace}/`}
            {step.place.name}, line {step.line}
          </Link>
        )}
      </div>
    </li>
  );
}

/** The policy's own page. */
export function policyPath(
  place: { readonly kind: string; readonly namespace: string; readonly name: string },
  line?: number,
): string {
  const parts = [place.kind, place.namespace === "" ? "-" : place.namespace, place.name];
  const path = `/policies/${parts.map(encodeURIComponent).join("/")}`;
  return line === undefined ? path : `${path}?line=${line}`;
}

function PolicyLines({
  policy,
  revision,
}: {
  readonly policy: WirePolicyText;
  readonly revision: number;
}) {
  const { params } = useRoute();
  const lines = excerptLines(policy.text, policy.marks);
  return (
    <section className="policy-lines">
      <div className="policy-lines-head">
        <b>{policy.name}.yaml</b>
        <span className="dim">revision {revision}</span>
        <i className="spacer" />
        <Link className="link" href={pageHref(policyPath(policy), params)}>
          Open policy
        </Link>
      </div>
      <section
        className="policy-lines-text"
        aria-label={`Lines of ${policy.name}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, and keys must reach them.
        tabIndex={0}
      >
        {lines.map((line, index) =>
          line === "gap" ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines never move.
            <div key={`gap ${index}`} className="policy-line is-gap" aria-hidden="true">
              <i>⋯</i>
            </div>
          ) : (
            <div key={line.number} className={`policy-line is-${line.state}`}>
              <i>{line.number}</i>
              <code>
                {yamlParts(line.text).map((part) => (
                  <span key={`${part.at}`} className={`yaml-${part.kind}`}>
                    {part.text}
                  </span>
                ))}
              </code>
              {line.note !== "" && <span className="policy-line-note">{line.note}</span>}
            </div>
          ),
        )}
      </section>
    </section>
  );
}

/** The few facts that everybody looks for. */
function FlowFacts({ flow }: { readonly flow: Flow }) {
  const { params } = useRoute();
  const end = (name: "source" | "destination") => {
    const endpoint = flow[name];
    const l4 = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
    const port = l4?.[`${name}_port`];
    const address = `${flow.IP?.[name] ?? ""}${port === undefined ? "" : `:${port}`}`;
    return (
      <>
        <dt>{name === "source" ? "Source" : "Destination"}</dt>
        <dd>
          {endText(flow, name)}
          <div className="mono mid">
            {address}
            {endpoint?.identity !== undefined && (
              <>
                {", id "}
                <Link
                  className="link"
                  href={pageHref(`/endpoints?view=identities&q=${endpoint.identity}`, params)}
                >
                  {endpoint.identity}
                </Link>
              </>
            )}
            {endpoint?.ID !== undefined && (
              <>
                {", endpoint "}
                <Link className="link" href={pageHref(`/endpoints/${endpoint.ID}`, params)}>
                  {endpoint.ID}
                </Link>
              </>
            )}
          </div>
        </dd>
      </>
    );
  };
  const service = flow.destination_service;
  return (
    <section className="drawer-section">
      <h3>Facts</h3>
      <dl className="pairs">
        {end("source")}
        {end("destination")}
        {service?.name !== undefined && (
          <>
            <dt>Service</dt>
            <dd>
              {service.namespace}/{service.name}
            </dd>
          </>
        )}
        <dt>Traffic</dt>
        <dd>
          {String(flow.traffic_direction ?? "unknown direction").toLowerCase()}
          {flow.is_reply === true ? ", reply" : ""}
          {flow.Summary === undefined ? "" : `, ${flow.Summary}`}
        </dd>
        <dt>Node</dt>
        <dd>
          {flow.node_name ?? "unknown"}
          {flow.file?.name === undefined ? "" : `, ${flow.file.name}:${flow.file.line ?? ""}`}
        </dd>
        {flow.drop_reason_desc !== undefined && (
          <>
            <dt>Drop reason</dt>
            <dd>
              {dropReasonText(flow)} {String(flow.drop_reason ?? "")}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
