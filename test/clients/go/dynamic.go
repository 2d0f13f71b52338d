package main

import (
	"fmt"
	"sort"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/pager"
)

func widget(name string, size int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "conform.roster.dev/v1",
		"kind":       "Widget",
		"metadata":   map[string]any{"name": name, "labels": map[string]any{"app": "dynamic"}},
		"spec":       map[string]any{"size": size},
	}}
}

func dynamicObjects(w world) error {
	client := w.dynamic.Resource(widgets).Namespace(w.namespace)
	for _, name := range []string{"a", "b", "c"} {
		made, err := client.Create(w.ctx, widget(name, 1), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		fmt.Println("created", made.GetName(), made.GetGeneration(), made.Object["spec"])
	}
	_, err := client.Create(w.ctx, widget("a", 1), metav1.CreateOptions{})
	said("created again", err)
	_, err = client.Create(w.ctx, widget("d", 1000), metav1.CreateOptions{})
	said("too large", err)
	first, err := client.List(w.ctx, metav1.ListOptions{Limit: 2})
	if err != nil {
		return err
	}
	fmt.Println("page", len(first.Items), first.GetRemainingItemCount() != nil && *first.GetRemainingItemCount() == 1)
	names := []string{}
	pages := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) {
		return client.List(w.ctx, options)
	}))
	pages.PageSize = 1
	err = pages.EachListItem(w.ctx, metav1.ListOptions{LabelSelector: "app=dynamic"}, func(object runtime.Object) error {
		names = append(names, object.(*unstructured.Unstructured).GetName())
		return nil
	})
	said("pages", err, names)
	patched, err := client.Patch(w.ctx, "a", types.MergePatchType, []byte(`{"spec":{"size":5},"status":{"phase":"New"}}`), metav1.PatchOptions{})
	said("patched", err, patched.Object["spec"], patched.Object["status"], patched.GetGeneration())
	_ = unstructured.SetNestedField(patched.Object, "Done", "status", "phase")
	updated, err := client.UpdateStatus(w.ctx, patched, metav1.UpdateOptions{})
	said("status", err, updated.Object["status"], updated.GetGeneration())
	applied, err := client.Apply(w.ctx, "e", widget("e", 3), metav1.ApplyOptions{FieldManager: "one"})
	said("applied", err, applied.GetName(), len(applied.GetManagedFields()))
	_, err = client.Apply(w.ctx, "e", widget("e", 4), metav1.ApplyOptions{FieldManager: "two"})
	said("applied by another", err)
	status, err := client.ApplyStatus(w.ctx, "e", &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "conform.roster.dev/v1", "kind": "Widget", "metadata": map[string]any{"name": "e"}, "status": map[string]any{"phase": "New"},
	}}, metav1.ApplyOptions{FieldManager: "three"})
	said("applied status", err, status.Object["status"])
	selected, err := client.List(w.ctx, metav1.ListOptions{FieldSelector: "spec.color=red"})
	said("by field", err, len(selected.Items))
	_, err = client.List(w.ctx, metav1.ListOptions{FieldSelector: "spec.nosuch=red"})
	said("by an unknown field", err)
	_, err = w.dynamic.Resource(widgets).Get(w.ctx, "a", metav1.GetOptions{})
	said("without a namespace", err)
	return nil
}

func metadataAndScale(w world) error {
	client := metadata.NewForConfigOrDie(w.config).Resource(widgets).Namespace(w.namespace)
	list, err := client.List(w.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	names := []string{}
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	sort.Strings(names)
	fmt.Println("metadata", names)
	resources := memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(w.config))
	scales := scale.New(w.typed.CoreV1().RESTClient(), restmapper.NewDeferredDiscoveryRESTMapper(resources), dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(resources)).Scales(w.namespace)
	found, err := scales.Get(w.ctx, widgets.GroupResource(), "a", metav1.GetOptions{})
	said("scale", err, found.Spec.Replicas)
	found.Spec.Replicas = 4
	set, err := scales.Update(w.ctx, widgets.GroupResource(), found, metav1.UpdateOptions{})
	said("scaled", err, set.Spec.Replicas)
	_, err = scales.Update(w.ctx, widgets.GroupResource(), &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "1"}}, metav1.UpdateOptions{})
	fmt.Println("scaled stale:", err != nil)
	err = client.Delete(w.ctx, "b", metav1.DeleteOptions{})
	said("deleted", err)
	return nil
}
