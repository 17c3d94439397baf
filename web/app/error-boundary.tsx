/** Catches faults of ours while drawing, so that one broken part does not take the page with it. */

import { Component, type ReactNode } from "react";
import { errorMessage } from "../../src/base/errors.ts";
import { Note } from "../ui/notes.tsx";

interface ErrorBoundaryProps {
  readonly what: string;
  /** A change of it draws anew. */
  readonly resetKey?: string;
  readonly children: ReactNode;
}

/** Shows the message and a way to try again. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { failed: unknown; key: string }> {
  override state = { failed: undefined as unknown, key: this.props.resetKey ?? "" };

  static getDerivedStateFromError(failed: unknown) {
    return { failed };
  }

  static getDerivedStateFromProps(props: ErrorBoundaryProps, state: { key: string }) {
    const key = props.resetKey ?? "";
    return key === state.key ? null : { key, failed: undefined };
  }

  override render(): ReactNode {
    const { failed } = this.state;
    if (failed === undefined) return this.props.children;
    return (
      <Note
        kind="crit"
        title={`${this.props.what} cannot be drawn.`}
        actions={
          <button
            type="button"
            className="control"
            onClick={() => this.setState({ failed: undefined })}
          >
            Draw again
          </button>
        }
      >
        This is a fault of the page: {errorMessage(failed)}
      </Note>
    );
  }
}
