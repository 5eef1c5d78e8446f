import { useLayoutEffect } from "preact/hooks";
import { go, place } from "../state/address.ts";
import { useStore } from "../state/store.ts";
import { isPagePath, viewAt } from "./routes.ts";
import { Shell } from "./shell.tsx";

/** Links between the views are steps of the page itself; all others are the browser's. */
const follow = (event: MouseEvent): void => {
  const anchor = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
  if (anchor === null || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (anchor.origin !== location.origin || !isPagePath(anchor.pathname) || anchor.hash !== "") return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
};

document.addEventListener("click", follow);

export const App = () => {
  const { path } = useStore(place);
  const view = viewAt(path);
  useLayoutEffect(() => {
    document.title = `${view.title} · costper`;
  }, [view]);
  return <Shell path={path} view={view} />;
};
