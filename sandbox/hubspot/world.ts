/** One past value of a property. */
export interface PastValue {
  readonly value: string;
  readonly at: string;
}

/** A contact or deal of the sandbox: the history of each property, oldest first. */
export interface CrmRecord {
  readonly id: string;
  readonly createdAt: string;
  updatedAt: string;
  archivedAt?: string;
  readonly history: Map<string, PastValue[]>;
  /** Ids of a deal's contacts. */
  contacts: string[];
}

/** People that are planted in every contact: none of it may be found anywhere outside the CRM. */
export const plantedPerson = (id: string) => ({
  firstname: `Agathe${id}`,
  lastname: `Plantedname${id}`,
  email: `agathe.${id}@planted.example`,
  phone: `+45 70 12 ${id.padStart(6, "0").slice(-6)}`,
  address: `Plantedstreet ${id}`,
  company: `Planted Company ${id}`,
});

const valueAt = (record: CrmRecord, name: string): string | undefined =>
  record.history.get(name)?.at(-1)?.value;

/** What is true in the CRM; its methods are what people do there. */
export const createWorld = () => {
  const contacts = new Map<string, CrmRecord>();
  const deals = new Map<string, CrmRecord>();

  const set = (record: CrmRecord, at: string, properties: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(properties)) {
      const past = record.history.get(name) ?? [];
      if (past.at(-1)?.value !== value) record.history.set(name, [...past, { value, at }]);
    }
    record.updatedAt = at;
  };

  const make = (
    records: Map<string, CrmRecord>,
    id: string,
    at: string,
    properties: Readonly<Record<string, string>>,
  ): CrmRecord => {
    const record: CrmRecord = { id, createdAt: at, updatedAt: at, history: new Map(), contacts: [] };
    records.set(id, record);
    set(record, at, { createdate: at, ...properties });
    return record;
  };

  const found = (records: Map<string, CrmRecord>, id: string): CrmRecord => {
    const record = records.get(id);
    if (record === undefined) throw new RangeError(`the sandbox has no record ${id}`);
    return record;
  };

  return {
    contacts,
    deals,
    value: valueAt,
    addContact: (id: string, at: string, properties: Readonly<Record<string, string>> = {}) =>
      make(contacts, id, at, { lifecyclestage: "lead", ...plantedPerson(id), ...properties }),
    setContact: (id: string, at: string, properties: Readonly<Record<string, string>>) =>
      set(found(contacts, id), at, properties),
    addDeal: (
      id: string,
      at: string,
      properties: Readonly<Record<string, string>>,
      ...of: readonly string[]
    ) => {
      make(deals, id, at, {
        pipeline: "default",
        dealstage: "appointmentscheduled",
        dealname: "Planted Deal",
        ...properties,
      }).contacts.push(...of);
    },
    setDeal: (id: string, at: string, properties: Readonly<Record<string, string>>) =>
      set(found(deals, id), at, properties),
    archive: (id: string, at: string) => {
      const record = found(contacts, id);
      record.archivedAt = at;
      record.updatedAt = at;
    },
    restore: (id: string, at: string) => {
      const record = found(contacts, id);
      delete record.archivedAt;
      record.updatedAt = at;
    },
    archiveDeal: (id: string, at: string) => void (found(deals, id).archivedAt = at),
    /** Nothing of it is answered any more, not even among the archived. */
    erase: (id: string) => void contacts.delete(id),
    /** The merged record goes on under the survivor's id, or a new one. */
    merge: (loser: string, survivor: string, at: string, newId = survivor) => {
      const kept = found(contacts, survivor);
      contacts.delete(loser);
      const gone = newId === survivor ? [loser] : [loser, survivor];
      if (newId !== survivor) {
        contacts.delete(survivor);
        contacts.set(newId, { ...kept, id: newId });
      }
      const merged = found(contacts, newId);
      set(merged, at, {
        hs_merged_object_ids: [...(valueAt(merged, "hs_merged_object_ids")?.split(";") ?? []), ...gone].join(
          ";",
        ),
        hs_calculated_merged_vids: gone.map((id) => `${id}:${String(Date.parse(at))}`).join(";"),
      });
      for (const deal of deals.values())
        deal.contacts = deal.contacts.map((id) => (gone.includes(id) ? newId : id));
    },
  };
};

export type CrmWorld = ReturnType<typeof createWorld>;
