import { type FieldError, fieldError } from "../http/status.ts";
import type { Metadata, Owner } from "../store/entry.ts";

/** An owner as Go prints it. */
function inGoOrder({ apiVersion = "", kind = "", name = "", uid = "", controller, blockOwnerDeletion }: Owner): object {
  return { apiVersion, kind, name, uid, controller, blockOwnerDeletion };
}

/** What is wrong with the owners that metadata names. */
export function checkOwners(metadata: Metadata): FieldError[] {
  const found: FieldError[] = [];
  const owners = metadata.ownerReferences ?? [];
  owners.forEach((owner) => {
    const at = "metadata.ownerReferences";
    // A version that cannot be read counts as none.
    if (!owner.apiVersion || owner.apiVersion.split("/").length > 2)
      found.push(fieldError.invalid(`${at}.apiVersion`, owner.apiVersion ?? "", "version must not be empty"));
    if (!owner.kind) found.push(fieldError.invalid(`${at}.kind`, owner.kind ?? "", "must not be empty"));
    if (!owner.name) found.push(fieldError.invalid(`${at}.name`, owner.name ?? "", "must not be empty"));
    if (!owner.uid) found.push(fieldError.invalid(`${at}.uid`, owner.uid ?? "", "must not be empty"));
    if (owner.apiVersion === "v1" && owner.kind === "Event")
      found.push(fieldError.invalid(at, inGoOrder(owner), "/v1, Kind=Event is disallowed from being an owner"));
  });
  const [first, ...others] = owners
    .filter((owner) => owner.controller)
    .map(({ kind = "", name = "" }) => `${kind}/${name}`);
  for (const other of others) {
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${other}`;
    found.push(fieldError.invalid("metadata.ownerReferences", owners.map(inGoOrder), detail));
  }
  return found;
}
