import type { AgentBinding } from "../../api/generated/agent-binding.ts";
import type { AgentRole } from "../../api/generated/agent-role.ts";
import { kinds } from "../../api/kinds.ts";
import type { Stored } from "../../api/resource.ts";
import type { BindingState } from "../../ledger/ledger.ts";
import { driven, may, reads } from "../kit/access.ts";
import type { Lookup, Reader, Reconciler } from "../kit/reconciler.ts";
import { type CredentialFact, credentialType, type SecretFact } from "./credentials.ts";
import { decide } from "./decide.ts";
import type { Holds } from "./holds.ts";
import { release } from "./release.ts";
import { offboardingFinalizer, protectionFinalizer, type Snapshot } from "./snapshot.ts";

/** Brings bindings into force: hires, funds, protects what they use, and offboards. */
export function agentBinding(holds: Pick<Holds, "on">): Reconciler<AgentBinding, Snapshot> {
  return {
    kind: kinds.AgentBinding,
    owns: ["CredentialsBound", "Funded", "Provisioned", "WithinSafety", "Stopped", "Revoked", "DownstreamRevoked"],
    finalizer: offboardingFinalizer,
    watches: [
      {
        kind: kinds.AgentRole,
        keys: ({ metadata }, view) => view.keysBy(kinds.AgentBinding, "role", `${metadata.namespace}/${metadata.name}`),
        relevant: roleMatters,
      },
      {
        kind: kinds.Secret,
        keys: ({ metadata }, view) =>
          view.keysBy(kinds.AgentBinding, "secret", `${metadata.namespace}/${metadata.name}`),
      },
      {
        // An elder that goes lets the younger of two in.
        kind: kinds.AgentBinding,
        keys: (binding, view) =>
          view.keysBy(kinds.AgentBinding, "subject", subjectIndex(binding as Stored<AgentBinding>)),
        relevant: (before, after) => standing(before) !== standing(after),
      },
      {
        kind: kinds.AgentStop,
        keys: ({ metadata }, view) => view.keysBy(kinds.AgentBinding, "namespace", metadata.namespace!),
        relevant: (before, after) => isReadyGeneration(before) !== isReadyGeneration(after),
      },
      {
        // A limit that came into force, moved or went may be the level without money.
        kind: kinds.AgentBudget,
        keys: ({ metadata }, view) => view.keysBy(kinds.AgentBinding, "namespace", metadata.namespace!),
        relevant: (before, after) => isReadyGeneration(before) !== isReadyGeneration(after),
      },
      {
        // Deleting a namespace fires everybody in it, though its bindings are deleted one by one, later.
        kind: kinds.Namespace,
        urgent: true,
        keys: ({ metadata }, view) =>
          view.keysBy(
            kinds.AgentBinding,
            metadata.deletionTimestamp === undefined ? "deleting" : "namespace",
            metadata.name,
          ),
      },
    ],
    access: [
      ...driven(kinds.AgentBinding),
      ...[kinds.AgentRole, kinds.AgentStop, kinds.AgentBudget, kinds.Namespace].flatMap(reads),
      ...reads(kinds.Secret),
      ...may(kinds.Secret, "get", "patch"),
    ],
    isDoomed,
    narrow(binding, gone, view) {
      if (!gone) return [];
      const { uid, name, namespace } = binding.metadata;
      // The namespace may be gone with it: the ledger knows the tenant of whom it hired.
      const tenant = view.find(kinds.Namespace, undefined, namespace!)?.metadata.uid ?? "";
      return [
        { kind: "ledger", effect: "fire", args: { uid, tenant, namespace: namespace!, name, by: "kubernetes-api" } },
      ];
    },
    gather: (binding, view) => gather(binding, view, holds),
    decide,
    release,
  };
}

/** Index value of one (role, subject). */
export function subjectIndex({ metadata, spec }: Stored<AgentBinding>): string {
  return subjectKey(metadata.namespace!, spec.roleRef.name, spec.subject);
}

export function subjectKey(
  namespace: string,
  roleName: string,
  subject: { readonly kind: string; readonly name: string },
): string {
  return `${namespace}/${roleName}/${subject.kind}/${subject.name}`;
}

function roleMatters(before: Stored | undefined, after: Stored | undefined): boolean {
  const revision = (role: Stored | undefined) => (role as Stored<AgentRole> | undefined)?.status?.revision;
  return (
    revision(before) !== revision(after) ||
    before?.metadata.uid !== after?.metadata.uid ||
    before?.metadata.deletionTimestamp !== after?.metadata.deletionTimestamp
  );
}

/** Moves when a binding comes, is hired, is leaving and is gone. */
function standing(binding: Stored | undefined): string {
  const hired = (binding as Stored<AgentBinding> | undefined)?.status?.accountID !== undefined;
  return `${binding === undefined}/${isLeaving(binding)}/${hired}`;
}

function isLeaving(binding: Stored | undefined): boolean {
  return binding === undefined || binding.metadata.deletionTimestamp !== undefined;
}

/** Changes when a stop or a budget comes into force, is edited or goes. */
function isReadyGeneration(object: Stored | undefined): string {
  const { status } = (object ?? {}) as { status?: { observedGeneration?: number } };
  return `${object?.metadata.uid}/${status?.observedGeneration}/${object?.metadata.deletionTimestamp}`;
}

async function gather(binding: Stored<AgentBinding>, view: Reader, holds: Pick<Holds, "on">): Promise<Snapshot> {
  const { uid, namespace, deletionTimestamp } = binding.metadata;
  const deleting = deletionTimestamp !== undefined || isDoomed(binding, view);
  const tenant = deleting
    ? (view.find(kinds.Namespace, undefined, namespace!)?.metadata.uid ?? "")
    : view.tenantOf(namespace!);
  const { ledger } = view;
  const state = await ledger.bindings.find(uid);
  const ownSecrets = secretsOf(binding, state).filter((secret) => isOurs(view, namespace!, secret, uid));
  const base = { binding, tenant, state, ownSecrets };
  if (deleting) {
    const hold = await holds.on(namespace!);
    const offboarding = await ledger.bindings.offboarding(uid);
    return {
      ...base,
      spentSecrets: [],
      offboarding,
      hold,
      role: undefined,
      seeds: undefined,
      duplicateOf: undefined,
      credentials: [],
      headroom: undefined,
      summary: undefined,
    };
  }
  const role = roleInForce(view, binding);
  const hired = state !== undefined;
  const [seeds, credentials, headroom, summaries] = await Promise.all([
    seedsOf(view, tenant, binding, role),
    Promise.all((binding.spec.credentials ?? []).map((credential) => factOf(view, namespace!, credential))),
    hired ? ledger.money.headroom(uid) : undefined,
    hired ? ledger.bindings.summaries([uid]) : undefined,
  ]);
  const summary = summaries?.get(uid);
  const duplicateOf = elder(view, binding);
  const spentSecrets = secretsOf(binding, undefined).filter((name) => isSpent(view, namespace!, name));
  return {
    ...base,
    spentSecrets,
    role,
    seeds,
    duplicateOf,
    credentials,
    headroom,
    summary,
    offboarding: undefined,
    hold: undefined,
  };
}

function roleInForce(view: Lookup, { metadata, spec }: Stored<AgentBinding>): Stored<AgentRole> | undefined {
  const role = view.find<AgentRole>(kinds.AgentRole, metadata.namespace, spec.roleRef.name);
  return role?.status?.revision === undefined || role.metadata.deletionTimestamp !== undefined ? undefined : role;
}

/** Memory is seeded once per revision; a document that is there already is left alone. */
async function seedsOf(
  view: Reader,
  tenant: string,
  binding: Stored<AgentBinding>,
  role: Stored<AgentRole> | undefined,
) {
  if (role === undefined || binding.status?.roleRevision === role.status?.revision) return undefined;
  if (role.spec.contentFrom === undefined) return role.spec.memorySeed ?? [];
  const record = await view.ledger.catalog.findRole(tenant, role.metadata.name);
  return (record?.content.memorySeed ?? []) as readonly { readonly path: string; readonly content: string }[];
}

function elder(view: Lookup, binding: Stored<AgentBinding>): string | undefined {
  // Who is hired stays; of two newcomers the older one is hired.
  const rank = ({ metadata, status }: Stored<AgentBinding>) =>
    `${status?.accountID === undefined ? "1" : "0"}/${metadata.creationTimestamp}/${metadata.uid}`;
  return view
    .listBy<AgentBinding>(kinds.AgentBinding, "subject", subjectIndex(binding))
    .filter((other) => other.metadata.uid !== binding.metadata.uid && !isLeaving(other) && rank(other) < rank(binding))
    .map((other) => other.metadata.name)
    .sort()[0];
}

async function factOf(
  view: Reader,
  namespace: string,
  credential: CredentialFact["credential"],
): Promise<CredentialFact> {
  const { name } = credential.secretRef;
  const secret = view.find<SecretFact>(kinds.Secret, namespace, name);
  if (secret !== undefined)
    return { credential, secret, ...(secret.type === credentialType ? {} : { otherType: true }) };
  // Only credentials are kept; whether another kind of Secret bears the name is worth one question.
  const other = await view.fetch<SecretFact>(kinds.Secret, namespace, name);
  return other === undefined || other.type === credentialType
    ? { credential, secret: undefined }
    : { credential, secret: undefined, otherType: true };
}

function secretsOf(binding: Stored<AgentBinding>, state: BindingState | undefined): readonly string[] {
  const declared = (binding.spec.credentials ?? []).map(({ secretRef }) => secretRef.name);
  return [...new Set([...declared, ...(state?.credentials ?? []).map(({ secretName }) => secretName)])].sort();
}

/** True for a Secret that we protect and that no other living binding names. */
function isOurs(view: Lookup, namespace: string, name: string, uid: string): boolean {
  const secret = view.find(kinds.Secret, namespace, name);
  if (!(secret?.metadata.finalizers ?? []).includes(protectionFinalizer)) return false;
  return !view
    .listBy(kinds.AgentBinding, "secret", `${namespace}/${name}`)
    .some((other) => other.metadata.uid !== uid && !isLeaving(other));
}

/** True for a Secret whose deletion waits for us alone and that nobody needs for a revocation. */
function isSpent(view: Lookup, namespace: string, name: string): boolean {
  const { deletionTimestamp, finalizers = [] } = view.find(kinds.Secret, namespace, name)?.metadata ?? {};
  if (deletionTimestamp === undefined || !finalizers.includes(protectionFinalizer)) return false;
  return view
    .listBy<AgentBinding>(kinds.AgentBinding, "secret", `${namespace}/${name}`)
    .every(({ spec }) =>
      (spec.credentials ?? []).every(
        ({ secretRef, revocation }) => secretRef.name !== name || revocation === undefined,
      ),
    );
}

/** True for whoever lives in a namespace that is being deleted. */
function isDoomed({ metadata }: Stored<AgentBinding>, view: Pick<Lookup, "find">): boolean {
  return view.find(kinds.Namespace, undefined, metadata.namespace!)?.metadata.deletionTimestamp !== undefined;
}
