/** A record of an object: text, numbers and flags by the API names of fields; what is absent is null. */
export type SObject = Record<string, string | number | boolean>;

/** People that are planted in every lead: none of it may be found anywhere outside the CRM. */
export const plantedLead = (id: string) => ({
  FirstName: `Solveig${id}`,
  LastName: `Plantedlead${id}`,
  Email: `solveig.${id}@plantedlead.example`,
  Phone: `+45 31 22 ${id.replaceAll(/\D/g, "").slice(-6).padStart(6, "0")}`,
  Street: `Plantedroad ${id}`,
  Company: `Plantedcorp ${id}`,
});

/** An id as Salesforce writes it: the object's three letters, and 18 in all. */
export const idOf = (prefix: "00Q" | "006", number: number): string =>
  `${prefix}5f00000${String(number).padStart(5, "0")}EA4`;

export type ObjectName = "Lead" | "Opportunity" | "LeadHistory" | "OpportunityHistory";

const instant = (at: string): string => new Date(at).toISOString().replace("Z", "+0000");

/** What is true in the org; its methods are what people do there. */
export const createOrg = () => {
  const tables: Readonly<Record<ObjectName, Map<string, SObject>>> = {
    Lead: new Map(),
    Opportunity: new Map(),
    LeadHistory: new Map(),
    OpportunityHistory: new Map(),
  };
  const deletions: { readonly object: string; readonly id: string; readonly at: string }[] = [];
  let histories = 0;

  const found = (object: ObjectName, id: string): SObject => {
    const record = tables[object].get(id);
    if (record === undefined) throw new RangeError(`the sandbox has no ${object} ${id}`);
    return record;
  };

  const touch = (record: SObject, at: string, fields: SObject): void => {
    Object.assign(record, fields, { SystemModstamp: instant(at) });
  };

  const addHistory = (object: "LeadHistory" | "OpportunityHistory", at: string, fields: SObject): void => {
    histories += 1;
    const Id = `017${String(histories).padStart(12, "0")}EA4`;
    tables[object].set(Id, { Id, CreatedDate: instant(at), ...fields });
  };

  const add = (object: "Lead" | "Opportunity", id: string, at: string, fields: SObject): SObject => {
    const record: SObject = { Id: id, IsDeleted: false, CreatedDate: instant(at), ...fields };
    touch(record, at, {});
    tables[object].set(id, record);
    return record;
  };

  const setLead = (id: string, at: string, fields: SObject): void => {
    const lead = found("Lead", id);
    const { Status: before } = lead;
    touch(lead, at, fields);
    const { Status: after } = lead;
    if (before !== after && after !== undefined)
      addHistory("LeadHistory", at, {
        LeadId: id,
        Field: "Status",
        ...(before === undefined ? {} : { OldValue: before }),
        NewValue: after,
      });
  };

  const keepStage = (id: string, at: string): void =>
    addHistory("OpportunityHistory", at, {
      OpportunityId: id,
      StageName: String(found("Opportunity", id)["StageName"]),
    });

  const setOpportunity = (id: string, at: string, fields: SObject): void => {
    const opportunity = found("Opportunity", id);
    const isMoved = fields["StageName"] !== undefined && fields["StageName"] !== opportunity["StageName"];
    touch(opportunity, at, fields);
    const stage = String(opportunity["StageName"]);
    Object.assign(opportunity, { IsWon: stage === "Closed Won", IsClosed: stage.startsWith("Closed") });
    if (isMoved) opportunity["LastStageChangeDate"] = instant(at);
    keepStage(id, at);
  };

  const remove = (object: "Lead" | "Opportunity", id: string, at: string): void => {
    touch(found(object, id), at, { IsDeleted: true });
    deletions.push({ object, id, at });
  };

  return {
    tables,
    deletions,
    addLead: (id: string, at: string, fields: SObject = {}): void =>
      void add("Lead", id, at, { Status: "Open", IsConverted: false, ...plantedLead(id), ...fields }),
    setLead,
    /** The person goes on as a contact, and perhaps with an opportunity; the lead stays. */
    convert: (id: string, at: string, opportunity?: string): void =>
      setLead(id, at, {
        Status: "Converted",
        IsConverted: true,
        ConvertedDate: at.slice(0, 10),
        ConvertedContactId: `003${id.slice(3)}`,
        ...(opportunity === undefined ? {} : { ConvertedOpportunityId: opportunity }),
      }),
    /** The loser is in the recycle bin, and names its master. */
    merge: (loser: string, master: string, at: string): void => {
      remove("Lead", loser, at);
      touch(found("Lead", loser), at, { MasterRecordId: master });
      touch(found("Lead", master), at, {});
    },
    remove,
    restore: (object: "Lead" | "Opportunity", id: string, at: string): void =>
      touch(found(object, id), at, { IsDeleted: false }),
    /** The recycle bin is emptied: no query shows it any more. */
    purge: (object: "Lead" | "Opportunity", id: string): void => void tables[object].delete(id),
    addOpportunity: (id: string, at: string, fields: SObject = {}): void => {
      add("Opportunity", id, at, {
        Name: "Planted Opportunity",
        StageName: "Prospecting",
        IsWon: false,
        IsClosed: false,
        CloseDate: at.slice(0, 10),
        "RecordType.DeveloperName": "New_Business",
        ...fields,
      });
      setOpportunity(id, at, {});
    },
    setOpportunity,
  };
};

export type Org = ReturnType<typeof createOrg>;
