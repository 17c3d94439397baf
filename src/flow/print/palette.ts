/** Colours of `hubble observe`, and what keeps a flow's own text from steering the terminal. */

/** Wraps a text in a colour, or not. */
export type Paint = (text: string) => string;

/** Colours by what they are for. */
export interface Palette {
  readonly port: Paint;
  readonly host: Paint;
  readonly identity: Paint;
  readonly forwarded: Paint;
  readonly dropped: Paint;
  readonly audited: Paint;
  readonly authenticated: Paint;
  readonly unauthenticated: Paint;
}

const red = paint(31);
const green = paint(32);
const yellow = paint(33);
const magenta = paint(35);
const cyan = paint(36);
const none: Paint = (text) => text;

/** With colours. */
export const colored: Palette = {
  port: yellow,
  host: cyan,
  identity: magenta,
  forwarded: green,
  dropped: red,
  audited: yellow,
  authenticated: green,
  unauthenticated: red,
};

/** Without. */
export const plain: Palette = {
  port: none,
  host: none,
  identity: none,
  forwarded: none,
  dropped: none,
  audited: none,
  authenticated: none,
  unauthenticated: none,
};

/** Text of a flow made harmless for a terminal: escapes and carriage returns are shown, not sent. */
export function escapeControls(text: string): string {
  if (!text.includes("\u001b") && !text.includes("\r")) return text;
  return text.replaceAll("\u001b", "^[").replaceAll("\r", "\\r");
}

function paint(code: number): Paint {
  return (text) => `\u001b[${code}m${text}\u001b[0m`;
}
