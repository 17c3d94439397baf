/** Whether an element is on screen or about to be: panels ask the server only then. */

import { type RefObject, useEffect, useState } from "react";

/** Panels this far below the fold are loaded ahead. */
const aheadPx = 200;

/** Follows `ref`; true at once where the browser cannot tell. */
export function useInView(ref: RefObject<HTMLElement | null>): boolean {
  const [isInView, setInView] = useState(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    const element = ref.current;
    if (element === null || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => setInView(entries.some((entry) => entry.isIntersecting)),
      { rootMargin: `${aheadPx}px 0px` },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return isInView;
}
