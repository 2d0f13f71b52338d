import { isObject } from "../../lib/json.ts";

type Zero = { readonly [field: string]: Zero | null | string };

const event: Zero = {
  involvedObject: {},
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  reportingComponent: "",
  reportingInstance: "",
};
const modernEvent: Zero = {
  deprecatedSource: {},
  deprecatedFirstTimestamp: null,
  deprecatedLastTimestamp: null,
  eventTime: null,
};

const review: Zero = { spec: {}, status: {} };

// What Go writes of a value of the type that nobody has filled in: there in every object, so nobody adds it.
const zeros: Readonly<Record<string, Zero>> = {
  "v1/Namespace": { spec: {}, status: {} },
  "v1/Event": event,
  "events.k8s.io/v1/Event": modernEvent,
  "coordination.k8s.io/v1/Lease": { spec: {} },
  "rbac.authorization.k8s.io/v1/Role": { rules: null },
  "rbac.authorization.k8s.io/v1/ClusterRole": { rules: null },
  "apiextensions.k8s.io/v1/CustomResourceDefinition": {
    spec: { names: {} },
    status: { acceptedNames: {} },
  },
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy": { spec: {}, status: {} },
  "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding": { spec: {} },
  "authentication.k8s.io/v1/TokenRequest": review,
  "authentication.k8s.io/v1/TokenReview": review,
  "authorization.k8s.io/v1/SubjectAccessReview": review,
  "authorization.k8s.io/v1/LocalSubjectAccessReview": review,
  "authorization.k8s.io/v1/SelfSubjectAccessReview": review,
  "authorization.k8s.io/v1/SelfSubjectRulesReview": review,
};

/** The object with what every object of its kind has, for comparing: of a built-in kind; others are as they are. */
export function withZeros(object: unknown, { apiVersion, kind }: { apiVersion?: unknown; kind?: unknown }): unknown {
  const zero = zeros[`${String(apiVersion)}/${String(kind)}`];
  return zero ? fill(object ?? {}, zero) : object;
}

function fill(object: unknown, zero: Zero): unknown {
  if (!isObject(object)) return object;
  const result = { ...object };
  for (const [key, value] of Object.entries(zero)) {
    if (result[key] === undefined) result[key] = value;
    else if (isObject(value)) result[key] = fill(result[key], value);
  }
  return result;
}
