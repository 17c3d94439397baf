/** Four figures: series, disk, samples with money, new series with their bars. */

import type { StudioAnswer, StudioPreviewAnswer } from "../../src/api/wire/studio.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { useRouter } from "../router/router-context.tsx";
import { bytesParts } from "../ui/bytes-text.ts";
import { Glyph } from "../ui/glyph.tsx";
import { Popover } from "../ui/popover.tsx";
import type { StudioState } from "./studio-state.ts";
import { changeText, seriesState, seriesText, shortNumber } from "./studio-text.ts";

interface StudioFiguresProps {
  readonly preview: StudioPreviewAnswer;
  readonly state: StudioState;
  readonly studio: StudioAnswer;
  /** Figures of the setting before, while the new one is counted. */
  readonly isOld: boolean;
}

/** What the handler at hand costs. */
export function StudioFigures({ preview, state, studio, isOld }: StudioFiguresProps) {
  const { cost, against, agents } = preview;
  const kind = seriesState(preview.series, preview.isOver);
  const disk = cost.bytesPerMonth === null ? undefined : bytesParts(cost.bytesPerMonth);
  return (
    <div className={`studio-figures ${isOld ? "is-old" : ""}`}>
      <div>
        <span className="studio-meta">Series</span>
        <span className="studio-figure">
          {kind !== "" && <Glyph kind={kind} label={kind === "warn" ? "many" : "too many"} />}
          {seriesText(preview)}
        </span>
        <span
          className="studio-meta"
          title={`${groupThousands(agents.series)} over ${agents.nodes} agents, each exposing its own`}
        >
          {against === null
            ? `${groupThousands(agents.series)} over agents`
            : changeText(against.change)}
        </span>
      </div>
      <div>
        <span className="studio-meta">Disk, 30 days</span>
        <span className="studio-figure">
          {disk === undefined ? "–" : disk[0]}
          <small>{disk?.[1]}</small>
        </span>
        <span
          className="studio-meta"
          title="Samples of these very series, encoded as storage does; the index is estimated"
        >
          {cost.bytesPerSample === null
            ? "window too short to measure"
            : `${cost.bytesPerSample.toFixed(2)} B a sample`}
        </span>
      </div>
      <div>
        <span className="studio-meta">Samples</span>
        <span className="studio-figure">
          {shortNumber(cost.samplesPerSecond)}
          <small>/s</small>
        </span>
        <Money preview={preview} state={state} studio={studio} />
      </div>
      <Growth preview={preview} />
    </div>
  );
}

type MoneyProps = Pick<StudioFiguresProps, "preview" | "state" | "studio">;

function Money({ preview, state, studio }: MoneyProps) {
  const router = useRouter();
  const { money } = preview.cost;
  const text =
    money === null ? "set a price" : `${shortNumber(money.perMonth)} ${money.currency} a month`;
  return (
    <Popover
      label={`Price: ${text}`}
      align="right"
      button={text}
      buttonClass="studio-meta link"
      paneClass="studio-price"
    >
      {(close) => (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const price = String(new FormData(event.currentTarget).get("price") ?? "").trim();
            router.setParams({ price: price === "" ? null : price });
            close();
          }}
        >
          <label className="field">
            <span>Price a month, for samples or for active series</span>
            <input name="price" defaultValue={state.price} placeholder={studio.priceExample} />
          </label>
          <p className="field-hint">
            For example <code>{studio.priceExample}</code> or <code>0.15/1M-samples</code>: invented
            figures. Take your supplier's.
          </p>
          <button type="submit" className="control is-small">
            Count with it
          </button>
        </form>
      )}
    </Popover>
  );
}

function Growth({ preview }: { readonly preview: StudioPreviewAnswer }) {
  const { buckets, widthMs, guess } = preview.growth;
  const most = Math.max(1, ...buckets.map(({ newSeries }) => newSeries));
  const said =
    guess === null
      ? "window too short to go on from"
      : `about ${groupThousands(guess.inThirtyDays)} in 30 d, if so on`;
  return (
    <div>
      <span className="studio-meta">New series</span>
      <span className="studio-figure">
        {guess === null ? "–" : shortNumber(guess.newPerHour)}
        <small>/h</small>
        <span
          className="studio-growth"
          role="img"
          aria-label={`New series in steps of ${widthMs / 1000} s: ${buckets.map(({ newSeries }) => newSeries).join(", ")}`}
        >
          {buckets.map(({ startMs, newSeries }) => (
            <i key={startMs} style={{ height: `${(newSeries / most) * 100}%` }} />
          ))}
        </span>
      </span>
      <span className="studio-meta truncate" title={guess?.basis ?? ""}>
        {said}
      </span>
    </div>
  );
}
