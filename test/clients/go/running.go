package main

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic/dynamicinformer"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	kubeinformers "k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
)

type seen struct{ what, name string }

func recorder(into chan seen) cache.ResourceEventHandlerDetailedFuncs {
	say := func(what string, object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		into <- seen{what, object.(metav1.Object).GetName()}
	}
	return cache.ResourceEventHandlerDetailedFuncs{
		AddFunc:    func(object any, initial bool) { say(fmt.Sprintf("added initially=%t", initial), object) },
		UpdateFunc: func(_, object any) { say("updated", object) },
		DeleteFunc: func(object any) { say("deleted", object) },
	}
}

func informers(w world) error {
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(w.dynamic, 0, w.namespace, func(options *metav1.ListOptions) {
		options.LabelSelector = "watched=yes"
	})
	informer := factory.ForResource(widgets).Informer()
	_ = informer.AddIndexers(cache.Indexers{"size": func(object any) ([]string, error) {
		size, _, err := unstructured.NestedInt64(object.(*unstructured.Unstructured).Object, "spec", "size")
		return []string{fmt.Sprint(size)}, err
	}})
	client := w.dynamic.Resource(widgets).Namespace(w.namespace)
	before := widget("before", 2)
	before.SetLabels(map[string]string{"watched": "yes"})
	if _, err := client.Create(ctx, before, metav1.CreateOptions{}); err != nil {
		return err
	}
	heard := make(chan seen, 100)
	if _, err := informer.AddEventHandler(recorder(heard)); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	fmt.Println("synced", factory.WaitForCacheSync(ctx.Done())[widgets])
	fmt.Println(<-heard)
	after := widget("after", 7)
	after.SetLabels(map[string]string{"watched": "yes"})
	made, err := client.Create(ctx, after, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	fmt.Println(<-heard)
	sized, err := informer.GetIndexer().ByIndex("size", "7")
	said("by index", err, len(sized))
	made.SetAnnotations(map[string]string{"x": "y"})
	if made, err = client.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	fmt.Println(<-heard)
	// It leaves the selection, which is a deletion to who watches it.
	made.SetLabels(nil)
	if _, err = client.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	fmt.Println(<-heard)
	if err = client.Delete(ctx, "before", metav1.DeleteOptions{}); err != nil {
		return err
	}
	fmt.Println(<-heard)

	typed := kubeinformers.NewSharedInformerFactoryWithOptions(w.typed, 0, kubeinformers.WithNamespace(w.namespace))
	maps := typed.Core().V1().ConfigMaps()
	heardMaps := make(chan seen, 100)
	_, _ = maps.Informer().AddEventHandler(recorder(heardMaps))
	typed.Start(ctx.Done())
	typed.WaitForCacheSync(ctx.Done())
	found, err := maps.Lister().ConfigMaps(w.namespace).Get("applied")
	said("lister", err, found.Data)
	return nil
}

func elect(w world) error {
	leading := make(chan string, 10)
	elector := func(name string) (*leaderelection.LeaderElector, error) {
		lock, err := resourcelock.NewFromKubeconfig(resourcelock.LeasesResourceLock, w.namespace, "leader", resourcelock.ResourceLockConfig{Identity: name}, w.config, 5*time.Second)
		if err != nil {
			return nil, err
		}
		return leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: 6 * time.Second, RenewDeadline: 5 * time.Second, RetryPeriod: 500 * time.Millisecond, ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { leading <- name + " leads" },
				OnStoppedLeading: func() { leading <- name + " has stopped" },
			},
		})
	}
	one, err := elector("one")
	if err != nil {
		return err
	}
	two, err := elector("two")
	if err != nil {
		return err
	}
	first, stopFirst := context.WithCancel(w.ctx)
	second, stopSecond := context.WithCancel(w.ctx)
	defer stopSecond()
	go one.Run(first)
	fmt.Println(<-leading)
	go two.Run(second)
	stopFirst()
	// The old one says so after it has released; the new one may be there already.
	said1, said2 := <-leading, <-leading
	fmt.Println(max(said1, said2), "and", min(said1, said2))
	lease, err := coordinationv1.NewForConfigOrDie(w.config).Leases(w.namespace).Get(w.ctx, "leader", metav1.GetOptions{})
	said("lease", err, *lease.Spec.HolderIdentity, *lease.Spec.LeaseTransitions)
	return nil
}

func recordEvents(w world) error {
	object, err := w.dynamic.Resource(widgets).Namespace(w.namespace).Get(w.ctx, "a", metav1.GetOptions{})
	if err != nil {
		return err
	}
	written := func(ctx context.Context, count int) ([]corev1.Event, error) {
		for {
			list, err := w.typed.CoreV1().Events(w.namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=a"})
			if err != nil || len(list.Items) >= count {
				return list.Items, err
			}
		}
	}
	old := record.NewBroadcaster()
	old.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: w.typed.CoreV1().Events(w.namespace)})
	recorder := old.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "client"})
	recorder.Event(object, corev1.EventTypeNormal, "Made", "made it")
	recorder.Event(object, corev1.EventTypeNormal, "Made", "made it")
	found, err := written(w.ctx, 1)
	if err != nil {
		return err
	}
	fmt.Println("recorded", found[0].Reason, found[0].Message, found[0].Source.Component, found[0].InvolvedObject.Kind)
	defer old.Shutdown()
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: w.typed.EventsV1()})
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(w.ctx.Done())
	broadcaster.NewRecorder(scheme.Scheme, "client").Eventf(object, nil, corev1.EventTypeWarning, "Broke", "Breaking", "broke %s", "it")
	if found, err = written(w.ctx, 2); err != nil {
		return err
	}
	for _, event := range found {
		if event.Reason == "Broke" {
			fmt.Println("recorded", event.Message, event.Action, event.ReportingController)
		}
	}
	return nil
}

func reviews(w world) error {
	if _, err := w.typed.CoreV1().ServiceAccounts(w.namespace).Create(w.ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "bot"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	seconds := int64(600)
	token, err := w.typed.CoreV1().ServiceAccounts(w.namespace).CreateToken(w.ctx, "bot", &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	review, err := w.typed.AuthenticationV1().TokenReviews().Create(w.ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token.Status.Token}}, metav1.CreateOptions{})
	said("token", err, review.Status.Authenticated, review.Status.User.Username, review.Status.User.Groups)
	config := rest.AnonymousClientConfig(w.config)
	config.BearerToken = token.Status.Token
	as, err := typedcorev1.NewForConfig(config)
	if err != nil {
		return err
	}
	_, err = as.ConfigMaps(w.namespace).List(w.ctx, metav1.ListOptions{})
	said("as the account", err)
	config = rest.CopyConfig(w.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "ana", Groups: []string{"people"}}
	as = typedcorev1.NewForConfigOrDie(config)
	_, err = as.Secrets(w.namespace).Get(w.ctx, "s", metav1.GetOptions{})
	said("impersonated", err)
	access, err := w.typed.AuthorizationV1().SubjectAccessReviews().Create(w.ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "ana", ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: w.namespace, Verb: "get", Resource: "secrets"},
	}}, metav1.CreateOptions{})
	said("access", err, access.Status.Allowed)
	rules, err := w.typed.AuthorizationV1().SelfSubjectRulesReviews().Create(w.ctx, &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: w.namespace}}, metav1.CreateOptions{})
	said("rules", err, len(rules.Status.ResourceRules) > 0, rules.Status.Incomplete)
	return nil
}
