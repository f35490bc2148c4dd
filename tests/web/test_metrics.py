def test_metrics_count_requests_and_queues(client):
    client.get("/healthz")

    figures = client.get("/metrics").get_data(as_text=True)

    assert 'http_requests_total{method="GET",route="/healthz",status="200"}' in figures
    assert 'jobs{state="dead"} 0.0' in figures
    assert 'letters{state="failed"} 0.0' in figures


def test_metrics_with_a_token_are_for_its_holder(other_app):
    guarded = other_app(metrics_token="secret")
    client = guarded.test_client()

    without = client.get("/metrics")
    wrong = client.get("/metrics", headers={"Authorization": "Bearer nope"})
    right = client.get("/metrics", headers={"Authorization": "Bearer secret"})

    assert [without.status_code, wrong.status_code, right.status_code] == [404, 404, 200]
