/**
 * What every editor of the page does: a plain class around CodeMirror with text, setText and destroy.
 * Escape leaves it, so that focus is never trapped. An editor of a language extends it.
 */

import { defaultKeymap, historyKeymap } from "@codemirror/commands";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, type KeyBinding } from "@codemirror/view";

/** One editor in one element; the owner calls destroy. */
export class TextEditor {
  protected readonly view: EditorView;
  #isSetting = false;

  /** `onChange` gets what is typed, not what setText puts in. */
  constructor(
    element: HTMLElement,
    text: string,
    extensions: Extension,
    onChange: (text: string) => void,
  ) {
    const listener = EditorView.updateListener.of((update) => {
      if (update.docChanged && !this.#isSetting) onChange(this.text);
    });
    this.view = new EditorView({
      parent: element,
      state: EditorState.create({ doc: text, extensions: [extensions, listener] }),
    });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  /** Puts `text` in place of the present one, without reporting a change. */
  setText(text: string): void {
    if (text === this.text) return;
    this.#isSetting = true;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
    this.#isSetting = false;
  }

  focus(): void {
    this.view.focus();
  }

  destroy(): void {
    this.view.destroy();
  }
}

/** The keys of every editor; to be put last, since Escape is reached only when nothing else is open. */
export const editorKeys: readonly KeyBinding[] = [
  ...historyKeymap,
  ...defaultKeymap,
  { key: "Escape", run: leaveEditor },
];

function leaveEditor(view: EditorView): boolean {
  view.contentDOM.blur();
  return true;
}
