import { useLayoutEffect, useRef } from "preact/hooks";
import { address } from "../state/address.ts";
import type { View } from "../views/view.ts";
import { Main } from "./content.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { MissingBanner } from "./missing.tsx";
import { pagePaths } from "./paths.ts";
import { FiringBadge, SignOut } from "./session.tsx";
import { ThemeButton } from "./theme-button.tsx";

/** The server writes them into the document. */
const written = (name: string): string =>
  document.querySelector(`[name=${name}]`)?.getAttribute("content") ?? "";
const version = written("version");
/** Whether the server has the job board. */
const hasBoard = written("board") === "yes";

const links = Object.entries(pagePaths).filter(([, name]) => name !== null);

const Navigation = ({ path }: { readonly path: string }) => {
  const nav = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (nav.current && current) nav.current.scrollLeft = current.offsetLeft - nav.current.clientWidth / 2;
  }, [path]);
  return (
    <nav aria-label="Views" ref={nav}>
      <ul>
        {links.map(([to, name]) => (
          <li key={to}>
            <a href={address(to, {})} aria-current={to === path ? "page" : undefined}>
              {name}
              {to === "/alerts" && <FiringBadge />}
            </a>
          </li>
        ))}
        {hasBoard && (
          <li>
            <a href="/queues">Jobs</a>
          </li>
        )}
      </ul>
    </nav>
  );
};

/** What stays around the views: navigation, filters, and the place where a view is drawn. */
export const Shell = ({ path, view }: { readonly path: string; readonly view: View }) => (
  <div class="page">
    <a class="skip" href="#main">
      Skip to the figures
    </a>
    <header class="top">
      <a class="brand" href="/">
        costper
      </a>
      <Navigation path={path} />
      <ThemeButton />
      <SignOut />
    </header>
    <FilterBar wanted={typeof view.filters === "function" ? view.filters() : view.filters} />
    <MissingBanner />
    <Main>
      <view.Content key={path} />
    </Main>
    <footer class="foot">costper {version}</footer>
  </div>
);
