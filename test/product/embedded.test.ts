import { describe } from "vitest";
import { startEmbeddedCluster } from "./embedded-cluster.ts";
import { productLaws } from "./laws.ts";

describe("the product on the embedded API", () => productLaws(startEmbeddedCluster));
