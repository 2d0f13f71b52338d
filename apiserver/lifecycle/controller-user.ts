import type { User } from "../rest/api.ts";

/** The identity under which kube-controller-manager runs one of its controllers; policies see the same name here. */
export function controllerUser(controller: string): User {
  return {
    name: `system:serviceaccount:kube-system:${controller}`,
    groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
  };
}
