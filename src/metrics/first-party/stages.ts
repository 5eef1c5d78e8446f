/** The life of a lead, in order; `other` stands outside it. Reaching a stage implies the ones before. */
export const leadStages = [
  "subscriber",
  "lead",
  "marketing_qualified",
  "sales_qualified",
  "opportunity",
  "customer",
  "evangelist",
  "other",
] as const;

export type LeadStage = (typeof leadStages)[number];

// As CRMs spell them (HubSpot, Salesforce Account Engagement), without blanks and signs.
const spellings: Readonly<Record<string, LeadStage>> = {
  visitor: "subscriber",
  prospect: "lead",
  mql: "marketing_qualified",
  marketingqualifiedlead: "marketing_qualified",
  sql: "sales_qualified",
  salesqualifiedlead: "sales_qualified",
  won: "customer",
};

export const stageNamed = (written: string): LeadStage | undefined => {
  const plain = written.toLowerCase().replaceAll(/[^a-z]/g, "");
  return spellings[plain] ?? leadStages.find((stage) => stage.replaceAll("_", "") === plain);
};

/** The stages that imply `stage`: itself and the later ones. */
export const stagesFrom = (stage: LeadStage): readonly LeadStage[] =>
  stage === "other" ? ["other"] : leadStages.slice(leadStages.indexOf(stage), leadStages.indexOf("other"));
