// Generated from manifests/install/admission.yaml by scripts/generate.ts. Edit that file and run `npm run generate`.
import type { Resource } from "../resource.ts";

/** The ValidatingAdmissionPolicies that are shipped, and their bindings. */
export const admissionObjects: readonly (Resource & { readonly spec: Readonly<Record<string, unknown>> })[] = [
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {
      "name": "roster-run-request",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "failurePolicy": "Fail",
      "matchConstraints": {
        "resourceRules": [
          {
            "apiGroups": [
              "roster.dev"
            ],
            "apiVersions": [
              "v1alpha1"
            ],
            "resources": [
              "agentruns"
            ],
            "operations": [
              "CREATE"
            ]
          }
        ]
      },
      "variables": [
        {
          "name": "byController",
          "expression": "request.userInfo.username == 'system:serviceaccount:roster-system:roster-controller'"
        },
        {
          "name": "labels",
          "expression": "has(object.metadata.labels) ? object.metadata.labels : {}"
        },
        {
          "name": "annotations",
          "expression": "has(object.metadata.annotations) ? object.metadata.annotations : {}"
        }
      ],
      "validations": [
        {
          "expression": "variables.byController || !has(object.spec.runID)",
          "message": "spec.runID is set by Roster only: leave it out to request a run",
          "reason": "Forbidden"
        },
        {
          "expression": "variables.byController || !has(object.spec.origin) || object.spec.origin.type == 'Person' && !has(object.spec.origin.trigger) && !has(object.spec.origin.scheduledAt) && !has(object.spec.origin.eventID) && !has(object.spec.origin.run)",
          "message": "spec.origin other than a plain Person is set by Roster only: leave it out to request a run",
          "reason": "Forbidden"
        },
        {
          "expression": "variables.byController || has(object.spec.requestedBy) && object.spec.requestedBy == request.userInfo.username",
          "messageExpression": "'spec.requestedBy must be the user who creates the AgentRun, ' + request.userInfo.username",
          "message": "spec.requestedBy must be the user who creates the AgentRun",
          "reason": "Forbidden"
        },
        {
          "expression": "variables.byController || authorizer.group('roster.dev').resource('agentbindings').namespace(request.namespace).name(object.spec.bindingRef.name).check('run').allowed()",
          "messageExpression": "request.userInfo.username + ' may not run AgentBinding ' + object.spec.bindingRef.name + ': the verb run on it is missing'",
          "message": "the verb run on the AgentBinding is missing",
          "reason": "Forbidden"
        },
        {
          "expression": "variables.byController || !('roster.dev/admitted' in variables.annotations)",
          "message": "the annotation roster.dev/admitted is set by Roster only",
          "reason": "Forbidden"
        },
        {
          "expression": "!('argocd.argoproj.io/tracking-id' in variables.annotations) && !('argocd.argoproj.io/instance' in variables.labels) && !('kustomize.toolkit.fluxcd.io/name' in variables.labels) && !('helm.toolkit.fluxcd.io/name' in variables.labels) && !('applyset.kubernetes.io/part-of' in variables.labels)",
          "message": "an AgentRun is an event, not a declaration: it cannot be managed by GitOps",
          "reason": "Invalid"
        }
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {
      "name": "roster-run-request",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "policyName": "roster-run-request",
      "validationActions": [
        "Deny"
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {
      "name": "roster-run-stamp",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "failurePolicy": "Fail",
      "matchConstraints": {
        "resourceRules": [
          {
            "apiGroups": [
              "roster.dev"
            ],
            "apiVersions": [
              "v1alpha1"
            ],
            "resources": [
              "agentruns"
            ],
            "operations": [
              "UPDATE"
            ]
          }
        ]
      },
      "variables": [
        {
          "name": "byController",
          "expression": "request.userInfo.username == 'system:serviceaccount:roster-system:roster-controller'"
        },
        {
          "name": "before",
          "expression": "has(oldObject.metadata.annotations) && 'roster.dev/admitted' in oldObject.metadata.annotations ? oldObject.metadata.annotations['roster.dev/admitted'] : ''"
        },
        {
          "name": "after",
          "expression": "has(object.metadata.annotations) && 'roster.dev/admitted' in object.metadata.annotations ? object.metadata.annotations['roster.dev/admitted'] : ''"
        }
      ],
      "validations": [
        {
          "expression": "variables.byController || variables.before == variables.after",
          "message": "the annotation roster.dev/admitted is set by Roster only",
          "reason": "Forbidden"
        }
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {
      "name": "roster-run-stamp",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "policyName": "roster-run-stamp",
      "validationActions": [
        "Deny"
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {
      "name": "roster-stop",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "failurePolicy": "Fail",
      "matchConstraints": {
        "resourceRules": [
          {
            "apiGroups": [
              "roster.dev"
            ],
            "apiVersions": [
              "v1alpha1"
            ],
            "resources": [
              "agentstops"
            ],
            "operations": [
              "CREATE"
            ]
          }
        ]
      },
      "validations": [
        {
          "expression": "!has(object.spec.requestedBy) || object.spec.requestedBy == request.userInfo.username || request.userInfo.username == 'system:serviceaccount:roster-system:roster-controller'",
          "message": "spec.requestedBy must be the user who creates the AgentStop",
          "reason": "Forbidden"
        }
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {
      "name": "roster-stop",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "policyName": "roster-stop",
      "validationActions": [
        "Deny"
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {
      "name": "roster-approval-request",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "failurePolicy": "Fail",
      "matchConstraints": {
        "resourceRules": [
          {
            "apiGroups": [
              "roster.dev"
            ],
            "apiVersions": [
              "v1alpha1"
            ],
            "resources": [
              "agentapprovals"
            ],
            "operations": [
              "CREATE"
            ]
          }
        ]
      },
      "validations": [
        {
          "expression": "request.userInfo.username == 'system:serviceaccount:roster-system:roster-controller'",
          "message": "an AgentApproval is made by Roster only",
          "reason": "Forbidden"
        }
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {
      "name": "roster-approval-request",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "policyName": "roster-approval-request",
      "validationActions": [
        "Deny"
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {
      "name": "roster-approval-decision",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "failurePolicy": "Fail",
      "matchConstraints": {
        "resourceRules": [
          {
            "apiGroups": [
              "roster.dev"
            ],
            "apiVersions": [
              "v1alpha1"
            ],
            "resources": [
              "agentapprovals"
            ],
            "operations": [
              "UPDATE"
            ]
          }
        ]
      },
      "matchConditions": [
        {
          "name": "decides",
          "expression": "has(object.spec.decision)"
        },
        {
          "name": "for-the-first-time",
          "expression": "!has(oldObject.spec.decision)"
        }
      ],
      "variables": [
        {
          "name": "asked",
          "expression": "object.spec.request"
        },
        {
          "name": "user",
          "expression": "request.userInfo.username"
        },
        {
          "name": "groups",
          "expression": "has(request.userInfo.groups) ? request.userInfo.groups : []"
        },
        {
          "name": "named",
          "expression": "has(variables.asked.approvers) && (has(variables.asked.approvers.users) && variables.user in variables.asked.approvers.users || has(variables.asked.approvers.groups) && variables.asked.approvers.groups.exists(g, g in variables.groups))"
        }
      ],
      "validations": [
        {
          "expression": "object.spec.decision.by == variables.user",
          "message": "spec.decision.by must be the user who decides",
          "reason": "Forbidden"
        },
        {
          "expression": "!variables.user.startsWith('system:serviceaccount:') && !variables.user.startsWith('system:node:') && !('system:serviceaccounts' in variables.groups)",
          "message": "a decision is a person's: service accounts may not decide",
          "reason": "Forbidden"
        },
        {
          "expression": "!has(variables.asked.excluded) || !(variables.user in variables.asked.excluded)",
          "message": "this user is excluded from deciding here",
          "reason": "Forbidden"
        },
        {
          "expression": "variables.named || has(variables.asked.role) && authorizer.group('roster.dev').resource('agentroles').namespace(request.namespace).name(variables.asked.role).check('approve').allowed()",
          "message": "only an approver of this request may decide",
          "reason": "Forbidden"
        },
        {
          "expression": "object.spec.decision.sha256 == variables.asked.sha256",
          "message": "spec.decision.sha256 is not that of the request: look at it again before you decide",
          "reason": "Invalid"
        }
      ]
    }
  },
  {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {
      "name": "roster-approval-decision",
      "labels": {
        "app.kubernetes.io/part-of": "roster"
      }
    },
    "spec": {
      "policyName": "roster-approval-decision",
      "validationActions": [
        "Deny"
      ]
    }
  }
];
