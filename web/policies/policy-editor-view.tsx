/** Mounts PolicyEditor; follows text and marks from outside and reports what is typed. */

import { useEffect, useRef } from "react";
import { type EditorMarks, PolicyEditor } from "./policy-editor.ts";

interface PolicyEditorViewProps {
  readonly label: string;
  readonly text: string;
  readonly isReadOnly: boolean;
  readonly marks: EditorMarks;
  /** Brought into sight when it changes. */
  readonly line: number | undefined;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  readonly onLine: (line: number) => void;
}

/** Fills its box. */
export function PolicyEditorView(props: PolicyEditorViewProps) {
  const { label, text, isReadOnly, marks, line } = props;
  const boxRef = useRef<HTMLDivElement>(null);
  const editorRef = useRef<PolicyEditor>(undefined);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (boxRef.current === null) return;
    const { text: first, isReadOnly: isLocked, label: name } = latest.current;
    const editor = new PolicyEditor(
      boxRef.current,
      { text: first, isReadOnly: isLocked, label: name },
      {
        onChange: (next) => latest.current.onChange(next),
        onRun: () => latest.current.onRun(),
        onLine: (at) => latest.current.onLine(at),
      },
    );
    editorRef.current = editor;
    return () => editor.destroy();
  }, []);
  useEffect(() => editorRef.current?.setText(text), [text]);
  useEffect(() => editorRef.current?.setMode(isReadOnly, label), [isReadOnly, label]);
  useEffect(() => editorRef.current?.setMarks(marks), [marks]);
  useEffect(() => {
    if (line !== undefined) editorRef.current?.reveal(line);
  }, [line]);
  return <div className="policy-editor" ref={boxRef} />;
}
