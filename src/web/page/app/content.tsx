import type { ComponentChildren } from "preact";
import { useErrorBoundary, useLayoutEffect, useRef } from "preact/hooks";
import { Problem } from "../parts/answered.tsx";
import { place } from "../state/address.ts";
import { waiting } from "../state/answers.ts";
import { useStore } from "../state/store.ts";

/** A view that fails to be drawn says so instead of leaving the page empty. */
const Guarded = ({ children }: { readonly children: ComponentChildren }) => {
  const [error] = useErrorBoundary((problem) => reportError(problem));
  return <>{error === undefined ? children : <Problem problem={error} />}</>;
};

/**
 * The place of the views. Where a step leads to another view, the keyboard goes to its heading; within a view it stays
 * where it was, unless what had it is gone.
 */
export const Main = ({ children }: { readonly children: ComponentChildren }) => {
  const main = useRef<HTMLElement>(null);
  const { path, address, back } = useStore(place);
  const pending = useStore(waiting);
  const before = useRef({ path, address });
  const move = useRef<"to heading" | "if lost" | undefined>(undefined);
  useLayoutEffect(() => {
    if (before.current.address === address) return;
    const moved = before.current.path !== path;
    move.current = moved ? "to heading" : "if lost";
    if (moved && !back) scrollTo(0, 0);
    before.current = { path, address };
  }, [path, address, back]);
  useLayoutEffect(() => {
    if (move.current === undefined) return;
    // The view itself is drawn right after this, in the same turn.
    queueMicrotask(() => {
      const heading = main.current?.querySelector<HTMLElement>("h1");
      const isDone = waiting.get() === 0;
      if (move.current === "to heading" ? heading : isDone && document.activeElement === document.body)
        heading?.focus({ preventScroll: true });
      // The heading is there as soon as the view has its answer, whatever else is asked for.
      if (isDone || (move.current === "to heading" && heading)) move.current = undefined;
    });
  }, [pending, address]);
  return (
    <main id="main" tabIndex={-1} ref={main} aria-busy={pending > 0 ? "true" : undefined}>
      <Guarded key={path}>{children}</Guarded>
    </main>
  );
};
