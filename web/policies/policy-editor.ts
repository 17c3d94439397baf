/**
 * The YAML of a policy: a text editor with setMode, setMarks and reveal. Marks stand in the gutter (bar,
 * glyph, count), notes under their line, lines of a draft as a difference with + and −; faults are
 * underlined, ⌥↵ puts a mend in place and ⇧⌥F formats the text.
 */

import { closeBrackets } from "@codemirror/autocomplete";
import { history, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import {
  Compartment,
  EditorState,
  type Extension,
  Prec,
  RangeSetBuilder,
  StateEffect,
  StateField,
} from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  type GutterMarker,
  gutter,
  highlightActiveLine,
  keymap,
  lineNumberMarkers,
  lineNumbers,
  lineNumberWidgetMarker,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { WirePolicyFinding } from "../../src/api/wire/policy.ts";
import { editorLook, literalStyles } from "../editor/editor-look.ts";
import { editorKeys, TextEditor } from "../editor/text-editor.ts";
import {
  type EditorNote,
  HitMarker,
  NoteWidget,
  PlusMarker,
  RemovedWidget,
} from "./editor-widgets.ts";
import type { LineDiff } from "./line-diff.ts";
import type { LineMark } from "./line-marks.ts";
import { policyLook } from "./policy-look.ts";

/** What the editor reports. */
export interface PolicyEditorEvents {
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  /** The line of the cursor, 1-based. */
  readonly onLine: (line: number) => void;
}

/** Everything that is drawn beside the text. */
export interface EditorMarks {
  readonly marks: ReadonlyMap<number, LineMark>;
  readonly notes: readonly EditorNote[];
  /** Against the applied text; undefined: nothing to compare. */
  readonly diff: LineDiff | undefined;
  /** Marks of lines that are gone, by their old line. */
  readonly oldMarks: ReadonlyMap<number, LineMark>;
  readonly findings: readonly WirePolicyFinding[];
  /** Drawn as the one meant by the address. */
  readonly chosenLine: number | undefined;
}

const highlight = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: "var(--syn-key)" },
  ...literalStyles,
  { tag: [tags.labelName, tags.typeName], color: "var(--syn-fn)" },
  { tag: [tags.content, tags.name], color: "var(--fg-1)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--fg-2)" },
]);

const setMarks = StateEffect.define<EditorMarks>();
const noMarks: EditorMarks = {
  marks: new Map(),
  notes: [],
  diff: undefined,
  oldMarks: new Map(),
  findings: [],
  chosenLine: undefined,
};

/** The marks, until the next ones come; typing keeps them at their lines. */
const marksField = StateField.define<EditorMarks>({
  create: () => noMarks,
  update: (value, transaction) =>
    transaction.effects.reduce((now, effect) => (effect.is(setMarks) ? effect.value : now), value),
});

/** Line colours, notes and lines that are gone. */
const decorationsField = StateField.define<DecorationSet>({
  create: (state) => decorate(state),
  update: (value, transaction) => {
    const isNew = transaction.effects.some((effect) => effect.is(setMarks));
    return isNew ? decorate(transaction.state) : value.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** One editor in one element; the owner calls destroy. */
export class PolicyEditor extends TextEditor {
  readonly #mode: Compartment;

  constructor(
    element: HTMLElement,
    given: { readonly text: string; readonly isReadOnly: boolean; readonly label: string },
    events: PolicyEditorEvents,
  ) {
    const mode = new Compartment();
    const extensions = [mode.of(modeOf(given.isReadOnly, given.label)), extensionsOf(events)];
    super(element, given.text, extensions, (text) => events.onChange(text));
    this.#mode = mode;
  }

  setMode(isReadOnly: boolean, label: string): void {
    this.view.dispatch({ effects: this.#mode.reconfigure(modeOf(isReadOnly, label)) });
  }

  setMarks(marks: EditorMarks): void {
    this.view.dispatch({ effects: setMarks.of(marks) });
    const { doc } = this.view.state;
    const diagnostics = marks.findings.flatMap((finding) => {
      if (finding.line < 1 || finding.line > doc.lines) return [];
      const line = doc.line(finding.line);
      const mend = finding.mend?.line === finding.line ? finding.mend : undefined;
      const indent = /^\s*(?:- )*/.exec(line.text)?.[0].length ?? 0;
      const from = line.from + (mend?.from ?? indent);
      const to = mend === undefined ? line.to : line.from + mend.to;
      const severity = finding.severity === "error" ? ("error" as const) : ("warning" as const);
      if (finding.severity === "note" || to > line.to) return [];
      return [{ from, to: Math.max(to, from), severity, message: finding.message }];
    });
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /** Puts the cursor on a line and brings it into sight. */
  reveal(lineNumber: number): void {
    const { doc } = this.view.state;
    if (lineNumber < 1 || lineNumber > doc.lines) return;
    const { from } = doc.line(lineNumber);
    this.view.dispatch({
      selection: { anchor: from },
      effects: EditorView.scrollIntoView(from, { y: "center" }),
    });
  }
}

function extensionsOf(events: PolicyEditorEvents): Extension {
  const run = () => {
    events.onRun();
    return true;
  };
  return [
    marksField,
    decorationsField,
    gutter({
      class: "cm-hits",
      lineMarker: (view, block) => {
        const { marks } = view.state.field(marksField);
        const mark = marks.get(view.state.doc.lineAt(block.from).number);
        return mark === undefined ? null : new HitMarker(mark, mostOf(view.state));
      },
      widgetMarker: (_view, widget) => (widget instanceof RemovedWidget ? widget.hits() : null),
      lineMarkerChange: (update) =>
        update.transactions.some(({ effects }) => effects.some((one) => one.is(setMarks))),
    }),
    lineNumbers(),
    lineNumberWidgetMarker.of((_view, widget) =>
      widget instanceof RemovedWidget ? widget.numbers() : null,
    ),
    lineNumberMarkers.compute([marksField, "doc"], (state) => {
      const builder = new RangeSetBuilder<GutterMarker>();
      const added = [...(state.field(marksField).diff?.added ?? [])].sort((a, b) => a - b);
      for (const line of added) {
        if (line > state.doc.lines) break;
        const { from } = state.doc.line(line);
        builder.add(from, from, new PlusMarker());
      }
      return builder.finish();
    }),
    history(),
    EditorView.lineWrapping,
    highlightActiveLine(),
    closeBrackets(),
    yaml(),
    indentUnit.of("  "),
    syntaxHighlighting(highlight),
    policyLook,
    editorLook,
    Prec.highest(
      keymap.of([
        { key: "Mod-Enter", run },
        { key: "Alt-Enter", run: putMend },
        { key: "Shift-Alt-f", run: startFormat },
      ]),
    ),
    // Tab indents; Escape first, and it goes on to the next control.
    keymap.of([...editorKeys, indentWithTab]),
    EditorView.updateListener.of((update) => {
      if (update.selectionSet && !update.docChanged && update.view.hasFocus) {
        events.onLine(update.state.doc.lineAt(update.state.selection.main.head).number);
      }
    }),
  ];
}

/** The mend of the cursor's line, or else the first there is. */
function putMend(view: EditorView): boolean {
  if (view.state.readOnly) return false;
  const { doc, selection } = view.state;
  const at = doc.lineAt(selection.main.head).number;
  const { findings } = view.state.field(marksField);
  const able = findings.filter(({ mend }) => mend !== null);
  const chosen = able.find(({ line, mend }) => line === at || mend?.line === at) ?? able[0];
  const mend = chosen?.mend;
  if (mend === null || mend === undefined || mend.line > doc.lines) return true;
  const line = doc.line(mend.line);
  if (line.from + mend.to > line.to) return true;
  view.dispatch({
    changes: { from: line.from + mend.from, to: line.from + mend.to, insert: mend.text },
    selection: { anchor: line.from + mend.from + mend.text.length },
    scrollIntoView: true,
  });
  return true;
}

function modeOf(isReadOnly: boolean, label: string): Extension {
  return [
    EditorState.readOnly.of(isReadOnly),
    EditorView.contentAttributes.of({
      "aria-label": label,
      "aria-readonly": String(isReadOnly),
      spellcheck: "false",
      tabindex: "0",
    }),
  ];
}

/** The formatter is fetched when it is first wanted. */
function startFormat(view: EditorView): boolean {
  if (!view.state.readOnly) void format(view);
  return true;
}

/** Formats the text; one that cannot be read stays as it is. The cursor keeps its line. */
async function format(view: EditorView): Promise<void> {
  const { formatYaml } = await import("./yaml-format.ts");
  const { doc, selection } = view.state;
  const before = doc.toString();
  const after = formatYaml(before);
  if (after === undefined || after === before) return;
  const text = view.state.toText(after);
  const line = text.line(Math.min(doc.lineAt(selection.main.head).number, text.lines));
  view.dispatch({
    changes: { from: 0, to: doc.length, insert: text },
    selection: { anchor: line.to },
    scrollIntoView: true,
  });
}

/** The largest count of the text: its bar is as long as the gutter. */
function mostOf(state: EditorState): number {
  const { marks } = state.field(marksField);
  let most = 1;
  for (const { allowed, denied } of marks.values()) most = Math.max(most, allowed, denied);
  return most;
}

function decorate(state: EditorState): DecorationSet {
  const { notes, diff, oldMarks, chosenLine } = state.field(marksField);
  const { doc } = state;
  const most = mostOf(state);
  const ranges = [];
  for (const line of diff?.added ?? []) {
    if (line > doc.lines) continue;
    ranges.push(Decoration.line({ class: "cm-added" }).range(doc.line(line).from));
  }
  if (chosenLine !== undefined && chosenLine >= 1 && chosenLine <= doc.lines) {
    ranges.push(Decoration.line({ class: "cm-chosen" }).range(doc.line(chosenLine).from));
  }
  for (const { before, lines } of diff?.removed ?? []) {
    const isPastEnd = before > doc.lines;
    const at = isPastEnd ? doc.length : doc.line(before).from;
    const widget = new RemovedWidget(lines, oldMarks, most);
    ranges.push(Decoration.widget({ widget, block: true, side: isPastEnd ? 1 : -1 }).range(at));
  }
  for (const note of notes) {
    if (note.line < 1 || note.line > doc.lines) continue;
    const { to } = doc.line(note.line);
    ranges.push(
      Decoration.widget({ widget: new NoteWidget(note), block: true, side: 2 }).range(to),
    );
  }
  return Decoration.set(ranges, true);
}
