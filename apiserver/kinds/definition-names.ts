/** Where CustomResourceDefinitions are stored. */
export const crdBucket = "apiextensions.k8s.io/customresourcedefinitions";

/** Holds a definition that is being deleted until its objects are gone. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";
