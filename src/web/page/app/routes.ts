import { alertsView } from "../views/alerts.tsx";
import { breakdownView } from "../views/breakdown.tsx";
import { campaignView } from "../views/campaign.tsx";
import { dayView } from "../views/day.tsx";
import { dictionaryView } from "../views/dictionary.tsx";
import { excludedView } from "../views/excluded.tsx";
import { healthView } from "../views/health.tsx";
import { overviewView } from "../views/overview.tsx";
import { truthView } from "../views/truth.tsx";
import type { View } from "../views/view.ts";
import type { PagePath } from "./paths.ts";

/** Which view stands under which address: a new one is a file in `views`, a line here and its name in paths.ts. */
const views: Readonly<Record<PagePath, View>> = {
  "/": overviewView,
  "/breakdown": breakdownView,
  "/campaign": campaignView,
  "/truth": truthView,
  "/day": dayView,
  "/excluded": excludedView,
  "/health": healthView,
  "/alerts": alertsView,
  "/dictionary": dictionaryView,
};

export const isPagePath = (path: string): path is PagePath => path in views;

export const viewAt = (path: string): View => (isPagePath(path) ? views[path] : overviewView);
