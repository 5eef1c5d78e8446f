import { chance } from "../pattern.ts";

/** The sandbox's ad accounts and what is in them; ids have 18 digits, which no double holds. */
export interface SandboxAccount {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  /** Digits after the point of an amount. */
  readonly places: number;
  /** What an amount of about one euro is in this currency. */
  readonly unitsPerEuro: number;
  readonly timeZone: string;
  readonly offsetHours: number;
  readonly campaigns: readonly SandboxCampaign[];
}

interface Node {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

export interface SandboxCampaign extends Node {
  readonly objective: string;
  readonly goals: readonly Goal[];
  readonly adSets: readonly SandboxAdSet[];
}

export interface SandboxAdSet extends Node {
  readonly ads: readonly SandboxAd[];
}

export interface SandboxAd extends Node {
  /** No report by ad shows it, whatever the filter; its figures stay in what its parents add up to. */
  readonly vanished: boolean;
}

export type Goal = "purchase" | "lead" | "registration" | "contact";

const places = [
  ["Europe", "EUR", 2, 1, "Europe/Berlin", 1],
  ["America", "USD", 2, 1.1, "America/Los_Angeles", -8],
  ["Japan", "JPY", 0, 160, "Asia/Tokyo", 9],
] as const;

const themes = [
  "Brand",
  "Autumn",
  "Newsletter",
  "Outlet",
  "Retargeting",
  "Showroom",
  "New arrivals",
  "Gifts",
];
const campaignStatuses = [
  "ACTIVE",
  "ACTIVE",
  "ACTIVE",
  "PAUSED",
  "ACTIVE",
  "WITH_ISSUES",
  "ARCHIVED",
  "DELETED",
];
const goalsOf = (index: number): readonly Goal[] =>
  index === 5 ? ["contact"] : index % 2 === 0 ? ["purchase"] : ["lead", "registration"];

const nodeId = (account: number, kind: number, number: number): string =>
  `1202${account}${kind}${String(number).padStart(12, "0")}`;

const adStatus = (campaign: string, ad: number): string => {
  if (campaign === "ARCHIVED" || campaign === "DELETED") return campaign;
  if (ad === 3) return "DELETED";
  if (campaign === "PAUSED") return "CAMPAIGN_PAUSED";
  return ad === 2 ? "ARCHIVED" : "ACTIVE";
};

const accountOf = (index: number, seed: string, campaignCount: number): SandboxAccount => {
  const [name, currency, digits, unitsPerEuro, timeZone, offsetHours] =
    places[index % places.length] ?? places[0];
  const campaigns = themes.slice(0, campaignCount).map((theme, c): SandboxCampaign => {
    const status = campaignStatuses[c] ?? "ACTIVE";
    const goals = goalsOf(c);
    const adSets = Array.from({ length: c % 4 === 0 ? 2 : 1 }, (_, s): SandboxAdSet => {
      const setNumber = c * 2 + s;
      const ads = Array.from({ length: 4 }, (_, a): SandboxAd => ({
        id: nodeId(index, 3, setNumber * 4 + a),
        name: `${theme} ${["film", "picture", "carousel", "story"][a] ?? ""}`,
        status: adStatus(status, a),
        vanished: a === 3 && c % 3 === 1,
      }));
      const live = status === "PAUSED" ? "CAMPAIGN_PAUSED" : status === "WITH_ISSUES" ? "ACTIVE" : status;
      return { id: nodeId(index, 2, setNumber), name: `${theme} set ${s + 1}`, status: live, ads };
    });
    return {
      id: nodeId(index, 1, c),
      name: `${theme} ${name}`,
      status,
      objective: goals[0] === "purchase" ? "OUTCOME_SALES" : "OUTCOME_LEADS",
      goals,
      adSets,
    };
  });
  return {
    id: `1${String(Math.floor(chance(seed, "account", index) * 9e8) + 1e8)}00000${index}`,
    name: `Sandbox ${name}${index < places.length ? "" : ` ${index}`}`,
    currency,
    places: digits,
    unitsPerEuro,
    timeZone,
    offsetHours,
    campaigns,
  };
};

/** `campaigns`: of each account, at most as many as there are themes. */
export const createWorld = (
  seed: string,
  accounts: number,
  campaigns: number = themes.length,
): readonly SandboxAccount[] =>
  Array.from({ length: accounts }, (_, index) => accountOf(index, seed, campaigns));
