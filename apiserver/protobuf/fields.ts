/**
 * Field numbers of the kinds whose protobuf form is read, from Kubernetes' published .proto files (Apache-2.0):
 * `<number> <name> <type>`, where `[]` marks a list and `{}` a map from string.
 */
export const messages: Readonly<Record<string, string>> = {
  "core.v1.Namespace": "1 metadata meta.v1.ObjectMeta, 2 spec core.v1.NamespaceSpec, 3 status core.v1.NamespaceStatus",
  "core.v1.Secret":
    "1 metadata meta.v1.ObjectMeta, 5 immutable bool, 2 data {}bytes, 4 stringData {}string, 3 type string",
  "core.v1.ConfigMap": "1 metadata meta.v1.ObjectMeta, 4 immutable bool, 2 data {}string, 3 binaryData {}bytes",
  "core.v1.Event":
    "1 metadata meta.v1.ObjectMeta, 2 involvedObject core.v1.ObjectReference, 3 reason string, 4 message string, 5 source core.v1.EventSource, 6 firstTimestamp meta.v1.Time, 7 lastTimestamp meta.v1.Time, 8 count int32, 9 type string, 10 eventTime meta.v1.MicroTime, 11 series core.v1.EventSeries, 12 action string, 13 related core.v1.ObjectReference, 14 reportingComponent string, 15 reportingInstance string",
  "core.v1.ServiceAccount":
    "1 metadata meta.v1.ObjectMeta, 2 secrets []core.v1.ObjectReference, 3 imagePullSecrets []core.v1.LocalObjectReference, 4 automountServiceAccountToken bool",
  "coordination.v1.Lease": "1 metadata meta.v1.ObjectMeta, 2 spec coordination.v1.LeaseSpec",
  "events.v1.Event":
    "1 metadata meta.v1.ObjectMeta, 2 eventTime meta.v1.MicroTime, 3 series events.v1.EventSeries, 4 reportingController string, 5 reportingInstance string, 6 action string, 7 reason string, 8 regarding core.v1.ObjectReference, 9 related core.v1.ObjectReference, 10 note string, 11 type string, 12 deprecatedSource core.v1.EventSource, 13 deprecatedFirstTimestamp meta.v1.Time, 14 deprecatedLastTimestamp meta.v1.Time, 15 deprecatedCount int32",
  "rbac.v1.Role": "1 metadata meta.v1.ObjectMeta, 2 rules []rbac.v1.PolicyRule",
  "rbac.v1.ClusterRole":
    "1 metadata meta.v1.ObjectMeta, 2 rules []rbac.v1.PolicyRule, 3 aggregationRule rbac.v1.AggregationRule",
  "rbac.v1.RoleBinding": "1 metadata meta.v1.ObjectMeta, 2 subjects []rbac.v1.Subject, 3 roleRef rbac.v1.RoleRef",
  "rbac.v1.ClusterRoleBinding":
    "1 metadata meta.v1.ObjectMeta, 2 subjects []rbac.v1.Subject, 3 roleRef rbac.v1.RoleRef",
  "admissionregistration.v1.ValidatingAdmissionPolicy":
    "1 metadata meta.v1.ObjectMeta, 2 spec admissionregistration.v1.ValidatingAdmissionPolicySpec, 3 status admissionregistration.v1.ValidatingAdmissionPolicyStatus",
  "admissionregistration.v1.ValidatingAdmissionPolicyBinding":
    "1 metadata meta.v1.ObjectMeta, 2 spec admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec",
  "authentication.v1.TokenReview":
    "1 metadata meta.v1.ObjectMeta, 2 spec authentication.v1.TokenReviewSpec, 3 status authentication.v1.TokenReviewStatus",
  "authentication.v1.TokenRequest":
    "1 metadata meta.v1.ObjectMeta, 2 spec authentication.v1.TokenRequestSpec, 3 status authentication.v1.TokenRequestStatus",
  "authentication.v1.SelfSubjectReview":
    "1 metadata meta.v1.ObjectMeta, 2 status authentication.v1.SelfSubjectReviewStatus",
  "authorization.v1.SubjectAccessReview":
    "1 metadata meta.v1.ObjectMeta, 2 spec authorization.v1.SubjectAccessReviewSpec, 3 status authorization.v1.SubjectAccessReviewStatus",
  "authorization.v1.LocalSubjectAccessReview":
    "1 metadata meta.v1.ObjectMeta, 2 spec authorization.v1.SubjectAccessReviewSpec, 3 status authorization.v1.SubjectAccessReviewStatus",
  "authorization.v1.SelfSubjectAccessReview":
    "1 metadata meta.v1.ObjectMeta, 2 spec authorization.v1.SelfSubjectAccessReviewSpec, 3 status authorization.v1.SubjectAccessReviewStatus",
  "authorization.v1.SelfSubjectRulesReview":
    "1 metadata meta.v1.ObjectMeta, 2 spec authorization.v1.SelfSubjectRulesReviewSpec, 3 status authorization.v1.SubjectRulesReviewStatus",
  "meta.v1.DeleteOptions":
    "1 gracePeriodSeconds int64, 2 preconditions meta.v1.Preconditions, 3 orphanDependents bool, 4 propagationPolicy string, 5 dryRun []string, 6 ignoreStoreReadErrorWithClusterBreakingPotential bool",
  "meta.v1.ObjectMeta":
    "1 name string, 2 generateName string, 3 namespace string, 4 selfLink string, 5 uid string, 6 resourceVersion string, 7 generation int64, 8 creationTimestamp meta.v1.Time, 9 deletionTimestamp meta.v1.Time, 10 deletionGracePeriodSeconds int64, 11 labels {}string, 12 annotations {}string, 13 ownerReferences []meta.v1.OwnerReference, 14 finalizers []string, 17 managedFields []meta.v1.ManagedFieldsEntry",
  "core.v1.NamespaceSpec": "1 finalizers []string",
  "core.v1.NamespaceStatus": "1 phase string, 2 conditions []core.v1.NamespaceCondition",
  "core.v1.ObjectReference":
    "1 kind string, 2 namespace string, 3 name string, 4 uid string, 5 apiVersion string, 6 resourceVersion string, 7 fieldPath string",
  "core.v1.EventSource": "1 component string, 2 host string",
  "core.v1.EventSeries": "1 count int32, 2 lastObservedTime meta.v1.MicroTime",
  "core.v1.LocalObjectReference": "1 name string",
  "coordination.v1.LeaseSpec":
    "1 holderIdentity string, 2 leaseDurationSeconds int32, 3 acquireTime meta.v1.MicroTime, 4 renewTime meta.v1.MicroTime, 5 leaseTransitions int32, 6 strategy string, 7 preferredHolder string",
  "events.v1.EventSeries": "1 count int32, 2 lastObservedTime meta.v1.MicroTime",
  "rbac.v1.PolicyRule":
    "1 verbs []string, 2 apiGroups []string, 3 resources []string, 4 resourceNames []string, 5 nonResourceURLs []string",
  "rbac.v1.AggregationRule": "1 clusterRoleSelectors []meta.v1.LabelSelector",
  "rbac.v1.Subject": "1 kind string, 2 apiGroup string, 3 name string, 4 namespace string",
  "rbac.v1.RoleRef": "1 apiGroup string, 2 kind string, 3 name string",
  "admissionregistration.v1.ValidatingAdmissionPolicySpec":
    "1 paramKind admissionregistration.v1.ParamKind, 2 matchConstraints admissionregistration.v1.MatchResources, 3 validations []admissionregistration.v1.Validation, 4 failurePolicy string, 5 auditAnnotations []admissionregistration.v1.AuditAnnotation, 6 matchConditions []admissionregistration.v1.MatchCondition, 7 variables []admissionregistration.v1.Variable",
  "admissionregistration.v1.ValidatingAdmissionPolicyStatus":
    "1 observedGeneration int64, 2 typeChecking admissionregistration.v1.TypeChecking, 3 conditions []meta.v1.Condition",
  "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec":
    "1 policyName string, 2 paramRef admissionregistration.v1.ParamRef, 3 matchResources admissionregistration.v1.MatchResources, 4 validationActions []string",
  "authentication.v1.TokenReviewSpec": "1 token string, 2 audiences []string",
  "authentication.v1.TokenReviewStatus":
    "1 authenticated bool, 2 user authentication.v1.UserInfo, 4 audiences []string, 3 error string",
  "authentication.v1.TokenRequestSpec":
    "1 audiences []string, 4 expirationSeconds int64, 3 boundObjectRef authentication.v1.BoundObjectReference",
  "authentication.v1.TokenRequestStatus": "1 token string, 2 expirationTimestamp meta.v1.Time",
  "authentication.v1.SelfSubjectReviewStatus": "1 userInfo authentication.v1.UserInfo",
  "authorization.v1.SubjectAccessReviewSpec":
    "1 resourceAttributes authorization.v1.ResourceAttributes, 2 nonResourceAttributes authorization.v1.NonResourceAttributes, 3 user string, 4 groups []string, 5 extra {}authorization.v1.ExtraValue, 6 uid string",
  "authorization.v1.SubjectAccessReviewStatus":
    "1 allowed bool, 4 denied bool, 2 reason string, 3 evaluationError string",
  "authorization.v1.SelfSubjectAccessReviewSpec":
    "1 resourceAttributes authorization.v1.ResourceAttributes, 2 nonResourceAttributes authorization.v1.NonResourceAttributes",
  "authorization.v1.SelfSubjectRulesReviewSpec": "1 namespace string",
  "authorization.v1.SubjectRulesReviewStatus":
    "1 resourceRules []authorization.v1.ResourceRule, 2 nonResourceRules []authorization.v1.NonResourceRule, 3 incomplete bool, 4 evaluationError string",
  "meta.v1.Preconditions": "1 uid string, 2 resourceVersion string",
  "meta.v1.OwnerReference":
    "5 apiVersion string, 1 kind string, 3 name string, 4 uid string, 6 controller bool, 7 blockOwnerDeletion bool",
  "meta.v1.ManagedFieldsEntry":
    "1 manager string, 2 operation string, 3 apiVersion string, 4 time meta.v1.Time, 6 fieldsType string, 7 fieldsV1 meta.v1.FieldsV1, 8 subresource string",
  "core.v1.NamespaceCondition":
    "1 type string, 2 status string, 4 lastTransitionTime meta.v1.Time, 5 reason string, 6 message string",
  "meta.v1.LabelSelector": "1 matchLabels {}string, 2 matchExpressions []meta.v1.LabelSelectorRequirement",
  "admissionregistration.v1.ParamKind": "1 apiVersion string, 2 kind string",
  "admissionregistration.v1.MatchResources":
    "1 namespaceSelector meta.v1.LabelSelector, 2 objectSelector meta.v1.LabelSelector, 3 resourceRules []admissionregistration.v1.NamedRuleWithOperations, 4 excludeResourceRules []admissionregistration.v1.NamedRuleWithOperations, 7 matchPolicy string",
  "admissionregistration.v1.Validation":
    "1 Expression string, 2 message string, 3 reason string, 4 messageExpression string",
  "admissionregistration.v1.AuditAnnotation": "1 key string, 2 valueExpression string",
  "admissionregistration.v1.MatchCondition": "1 name string, 2 expression string",
  "admissionregistration.v1.Variable": "1 Name string, 2 Expression string",
  "admissionregistration.v1.TypeChecking": "1 expressionWarnings []admissionregistration.v1.ExpressionWarning",
  "meta.v1.Condition":
    "1 type string, 2 status string, 3 observedGeneration int64, 4 lastTransitionTime meta.v1.Time, 5 reason string, 6 message string",
  "admissionregistration.v1.ParamRef":
    "1 name string, 2 namespace string, 3 selector meta.v1.LabelSelector, 4 parameterNotFoundAction string",
  "authentication.v1.UserInfo":
    "1 username string, 2 uid string, 3 groups []string, 4 extra {}authentication.v1.ExtraValue",
  "authentication.v1.BoundObjectReference": "1 kind string, 2 apiVersion string, 3 name string, 4 uID string",
  "authorization.v1.ResourceAttributes":
    "1 namespace string, 2 verb string, 3 group string, 4 version string, 5 resource string, 6 subresource string, 7 name string, 8 fieldSelector authorization.v1.FieldSelectorAttributes, 9 labelSelector authorization.v1.LabelSelectorAttributes",
  "authorization.v1.NonResourceAttributes": "1 path string, 2 verb string",
  "authorization.v1.ExtraValue": "1 items []string",
  "authorization.v1.ResourceRule":
    "1 verbs []string, 2 apiGroups []string, 3 resources []string, 4 resourceNames []string",
  "authorization.v1.NonResourceRule": "1 verbs []string, 2 nonResourceURLs []string",
  "meta.v1.LabelSelectorRequirement": "1 key string, 2 operator string, 3 values []string",
  "admissionregistration.v1.NamedRuleWithOperations":
    "1 resourceNames []string, 2 ruleWithOperations admissionregistration.v1.RuleWithOperations",
  "admissionregistration.v1.ExpressionWarning": "2 fieldRef string, 3 warning string",
  "authentication.v1.ExtraValue": "1 items []string",
  "authorization.v1.FieldSelectorAttributes": "1 rawSelector string, 2 requirements []meta.v1.FieldSelectorRequirement",
  "authorization.v1.LabelSelectorAttributes": "1 rawSelector string, 2 requirements []meta.v1.LabelSelectorRequirement",
  "admissionregistration.v1.RuleWithOperations": "1 operations []string, 2 rule admissionregistration.v1.Rule",
  "meta.v1.FieldSelectorRequirement": "1 key string, 2 operator string, 3 values []string",
  "admissionregistration.v1.Rule": "1 apiGroups []string, 2 apiVersions []string, 3 resources []string, 4 scope string",
};
