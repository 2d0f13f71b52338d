import type { Listed } from "./documents.ts";

const review = (group: string, kind: string, namespaced = false): Listed => ({
  group,
  version: "v1",
  kind,
  plural: `${kind.toLowerCase()}s`,
  singular: kind.toLowerCase(),
  namespaced,
  verbs: ["create"],
  shortNames: [],
  categories: [],
  subresources: [],
  stored: false,
});

/** The kinds that are answered and never stored. */
export const reviewResources: readonly Listed[] = [
  review("authentication.k8s.io", "SelfSubjectReview"),
  review("authentication.k8s.io", "TokenReview"),
  review("authorization.k8s.io", "LocalSubjectAccessReview", true),
  review("authorization.k8s.io", "SelfSubjectAccessReview"),
  review("authorization.k8s.io", "SelfSubjectRulesReview"),
  review("authorization.k8s.io", "SubjectAccessReview"),
];
