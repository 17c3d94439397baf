/** One editor on the page: mounts PromqlEditor, which is loaded with this file only when a query is to be written. */

import { useEffect, useRef } from "react";
import type { QueryFault } from "./parse-error.ts";
import { PromqlEditor } from "./promql-editor.ts";

interface QueryEditorProps {
  readonly label: string;
  readonly text: string;
  readonly fault: QueryFault | undefined;
  readonly isFocused: boolean;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  /** `insert` puts text at the cursor of this editor. */
  readonly onFocus: (insert: (text: string) => void) => void;
}

/** Follows `text` from outside (history, a link) and reports what is typed. */
export function QueryEditor(props: QueryEditorProps) {
  const { label, text, fault } = props;
  const boxRef = useRef<HTMLDivElement>(null);
  const editorRef = useRef<PromqlEditor>(undefined);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (boxRef.current === null) return;
    const editor = new PromqlEditor(
      boxRef.current,
      latest.current.text,
      {
        onChange: (next) => latest.current.onChange(next),
        onRun: () => latest.current.onRun(),
        onFocus: (insert) => latest.current.onFocus(insert),
      },
      label,
    );
    editorRef.current = editor;
    if (latest.current.isFocused) editor.focus();
    return () => editor.destroy();
  }, [label]);
  useEffect(() => editorRef.current?.setText(text), [text]);
  useEffect(() => editorRef.current?.setFault(fault), [fault]);
  return <div ref={boxRef} />;
}
