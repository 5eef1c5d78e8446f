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
  const isBusy = useStore(waiting) > 0;
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
    if (move.current === undefined || waiting.get() > 0) return;
    const { current } = move;
    move.current = undefined;
    // The view itself is drawn right after this, in the same turn.
    queueMicrotask(() => {
      if (current === "to heading" || document.activeElement === document.body)
        main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    });
  }, [isBusy, address]);
  return (
    <main id="main" tabIndex={-1} ref={main} aria-busy={isBusy ? "true" : undefined}>
      <Guarded key={path}>{children}</Guarded>
    </main>
  );
};
