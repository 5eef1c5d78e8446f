/** Website conversions that no rule accounts for. */
export const withoutRule = "externalWebsiteConversions";

/** Leads from lead forms. */
export const oneClickLeads = "oneClickLeads";

/** Leads of message ads; whether they are one-click leads too is not documented. */
export const messageLeads = "leadGenerationMailContactInfoShares";

/** The part of the leads that the advertiser called good. */
export const qualifiedLeads = "qualifiedLeads";

/** Actions that are stored but not part of `conversions: all`: they repeat others. */
export const notCounted: readonly string[] = [messageLeads, qualifiedLeads];
