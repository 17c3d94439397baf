/** Findings of the panel doctor: what is missing, why, what to do, with the Helm line or policy to copy. */

import { Fragment, useState } from "react";
import type { DoctorFinding } from "../../src/api/wire/doctor.ts";
import { Glyph, type GlyphKind } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";

/** One finding; `isFirst` is the panel's headline. */
export function DoctorFindings({ findings }: { readonly findings: readonly DoctorFinding[] }) {
  return findings.map((finding, index) => (
    <Fragment key={`${finding.what} ${finding.subject}`}>
      {index > 0 && <hr />}
      <Finding finding={finding} hasRefId={findings.length > 1} />
    </Fragment>
  ));
}

function Finding({
  finding,
  hasRefId,
}: {
  readonly finding: DoctorFinding;
  readonly hasRefId: boolean;
}) {
  const { helm, policy } = finding;
  return (
    <>
      <b>
        {hasRefId && <span className="dim">{finding.refId} </span>}
        <Marked text={finding.what} />
      </b>
      {finding.why !== "" && (
        <span className="doctor-line">
          <Glyph kind={glyphOf(finding)} />
          <span>
            <Marked text={finding.why} />
          </span>
        </span>
      )}
      {finding.mend !== "" && (
        <span className="doctor-line">
          <Glyph kind="info" />
          <span>
            <Marked text={finding.mend} />
          </span>
        </span>
      )}
      {helm !== undefined && helm.length > 0 && (
        <CodeToCopy
          name="Helm line"
          text={`helm upgrade cilium cilium/cilium ${keepValues}${helm.join(" ")}`}
        >
          {helm.join("\n")}
        </CodeToCopy>
      )}
      {policy !== undefined && (
        <CodeToCopy name="policy" text={policy}>
          {policy}
        </CodeToCopy>
      )}
    </>
  );
}

const keepValues = "--namespace kube-system --reuse-values ";

/** Glyph of the reason: nothing wrong, something to do, or unknown. */
export function glyphOf({ cause }: Pick<DoctorFinding, "cause">): GlyphKind {
  if (cause === "zero") return "ok";
  return cause === "unclear" || cause === "window" ? "info" : "crit";
}

/** Text with the names between backticks set as code. */
function Marked({ text }: { readonly text: string }) {
  return text.split("`").map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a sentence have no identity but their place.
    index % 2 === 1 ? <code key={index}>{part}</code> : <Fragment key={index}>{part}</Fragment>,
  );
}

/** A block of code; what is copied may be longer than what is shown. */
export function CodeToCopy({
  name,
  text,
  children,
}: {
  readonly name: string;
  readonly text: string;
  readonly children: string;
}) {
  const [isCopied, setCopied] = useState(false);
  return (
    <span className="doctor-code">
      <pre className="code-block is-wrapped">{children}</pre>
      <button
        type="button"
        className="control is-ghost is-small is-icon"
        aria-label={isCopied ? `${name} is copied` : `Copy ${name}`}
        title={isCopied ? "Copied" : `Copy ${name}`}
        onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
      >
        <Icon name="copy" />
      </button>
    </span>
  );
}
