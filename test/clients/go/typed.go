package main

import (
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/util/retry"
)

func discover(w world) error {
	client := memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(w.config))
	lists, err := discovery.ServerPreferredResources(client)
	if err != nil {
		return err
	}
	found := []string{}
	for _, list := range lists {
		for _, one := range list.APIResources {
			if strings.HasPrefix(list.GroupVersion, "conform.") || one.Kind == "ConfigMap" || one.Kind == "Lease" {
				found = append(found, fmt.Sprintf("%s %s namespaced=%t short=%v verbs=%v", list.GroupVersion, one.Name, one.Namespaced, one.ShortNames, one.Verbs))
			}
		}
	}
	sort.Strings(found)
	fmt.Println(strings.Join(found, "\n"))
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(client), client, func(string) {})
	kind, err := mapper.KindFor(schema.GroupVersionResource{Resource: "wd"})
	said("kind of wd", err, kind)
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "conform.roster.dev", Kind: "Gadget"})
	said("mapping of Gadget", err)
	if err == nil {
		fmt.Println(mapping.Resource, mapping.Scope.Name())
	}
	_, err = mapper.KindFor(schema.GroupVersionResource{Resource: "nosuch"})
	said("kind of nosuch", err)
	version, err := client.ServerVersion()
	said("version", err, version.Major)
	v3, err := client.OpenAPIV3().Paths()
	said("OpenAPI v3", err, v3["apis/conform.roster.dev/v1"] != nil)
	document, err := client.OpenAPISchema()
	said("OpenAPI v2", err, len(document.GetDefinitions().GetAdditionalProperties()) > 100)
	return nil
}

func typedWith(contentType string) func(world) error {
	return func(w world) error {
		config := rest.CopyConfig(w.config)
		// Without an Accept list of its own, client-go asks for this type and takes any.
		config.ContentType, config.AcceptContentTypes = contentType, ""
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return err
		}
		return typed(w, client, contentType[len(contentType)-4:])
	}
}

func typed(w world, client kubernetes.Interface, name string) error {
	maps := client.CoreV1().ConfigMaps(w.namespace)
	made, err := maps.Create(w.ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "made-", Labels: map[string]string{"by": name}},
		Data:       map[string]string{"a": "b"},
		BinaryData: map[string][]byte{"bytes": {0, 255, 128}},
	}, metav1.CreateOptions{FieldManager: "client"})
	if err != nil {
		return err
	}
	fmt.Println("created", strings.HasPrefix(made.Name, "made-"), made.Data, made.BinaryData, made.ManagedFields[0].Manager)
	stale := made.DeepCopy()
	made.Data["a"] = "c"
	_, err = maps.Update(w.ctx, made, metav1.UpdateOptions{})
	said("updated", err)
	_, err = maps.Update(w.ctx, stale, metav1.UpdateOptions{})
	said("a stale update", err)
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		fresh, err := maps.Get(w.ctx, made.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		fresh.Immutable = new(true)
		_, err = maps.Update(w.ctx, fresh, metav1.UpdateOptions{})
		return err
	})
	said("retried", err)
	patched, err := maps.Patch(w.ctx, made.Name, types.StrategicMergePatchType, []byte(`{"metadata":{"annotations":{"x":"y"}}}`), metav1.PatchOptions{})
	said("patched", err, patched.Annotations)
	_, err = maps.Patch(w.ctx, made.Name, types.MergePatchType, []byte(`{"data":{"a":"d"}}`), metav1.PatchOptions{})
	said("patched though immutable", err)
	listed, err := maps.List(w.ctx, metav1.ListOptions{LabelSelector: "by=" + name, FieldSelector: fields.OneTermEqualSelector("metadata.name", made.Name).String()})
	said("listed", err, len(listed.Items))
	_, err = maps.Get(w.ctx, "none", metav1.GetOptions{})
	said("none", err)
	_, err = maps.Create(w.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "No"}}, metav1.CreateOptions{})
	said("a bad name", err)

	secret, err := client.CoreV1().Secrets(w.namespace).Create(w.ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "s-" + name},
		StringData: map[string]string{"p": "q"},
	}, metav1.CreateOptions{})
	said("secret", err, secret.Type, string(secret.Data["p"]))
	_, err = client.CoreV1().ServiceAccounts(w.namespace).Create(w.ctx, &corev1.ServiceAccount{
		ObjectMeta:       metav1.ObjectMeta{Name: "sa-" + name},
		ImagePullSecrets: []corev1.LocalObjectReference{{Name: "pull"}},
	}, metav1.CreateOptions{})
	said("service account", err)
	role, err := client.RbacV1().Roles(w.namespace).Create(w.ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "role-" + name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"s"}, Verbs: []string{"get"}}},
	}, metav1.CreateOptions{})
	said("role", err, role.Rules)
	watch, err := maps.Watch(w.ctx, metav1.ListOptions{ResourceVersion: patched.ResourceVersion, LabelSelector: "by=" + name})
	if err != nil {
		return err
	}
	defer watch.Stop()
	err = maps.Delete(w.ctx, made.Name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions("another")})
	said("deleted another", err)
	err = maps.DeleteCollection(w.ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "by=" + name})
	said("deleted", err)
	event := <-watch.ResultChan()
	gone, _ := event.Object.(*corev1.ConfigMap)
	fmt.Println("watched", event.Type, gone.Name == made.Name)
	return nil
}

func apply(w world) error {
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	config := applycorev1.ConfigMap("applied", w.namespace).WithData(map[string]string{"a": "1", "b": "2"})
	one, err := maps.Apply(w.ctx, config, metav1.ApplyOptions{FieldManager: "one"})
	said("applied", err, one.Data)
	_, err = maps.Apply(w.ctx, applycorev1.ConfigMap("applied", w.namespace).WithData(map[string]string{"a": "9"}), metav1.ApplyOptions{FieldManager: "two"})
	said("applied by another", err)
	two, err := maps.Apply(w.ctx, applycorev1.ConfigMap("applied", w.namespace).WithData(map[string]string{"a": "9"}), metav1.ApplyOptions{FieldManager: "two", Force: true})
	said("forced", err, two.Data)
	extracted, err := applycorev1.ExtractConfigMap(two, "one")
	said("extracted", err, extracted.Data)
	three, err := maps.Apply(w.ctx, applycorev1.ConfigMap("applied", w.namespace), metav1.ApplyOptions{FieldManager: "one"})
	said("given up", err, three.Data)
	return nil
}
