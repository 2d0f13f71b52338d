/**
 * Scenarios that end otherwise on the embedded API, and why that stands. The suite fails for one that no longer differs.
 */
export const exceptions: Readonly<Record<string, string>> = {
  "describe says of a namespace what limits it": "quotas and limit ranges are about pods, which are not served here",
  "cluster-info says where the control plane is": "kubectl looks for Services, which are not served here",
};
